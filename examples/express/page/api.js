/** What the page asks of its server. */
import { describeStatus } from './words.js';

async function request(method, path, init = {}) {
  const response = await fetch(path, { method, ...init });
  if (response.ok) return response.status === 204 ? undefined : await response.json();
  throw new Error(describeStatus(response.status));
}

export const api = {
  remove: (key) => request('DELETE', `files/${key}`),
  link: (key) => request('POST', `files/${key}/link`),
  setThumbnail: (key, picture) => request('PUT', `files/${key}/thumbnail`, { body: picture }),
  switchStorage: (storage, action) => request('POST', `cluster/${storage}/${action}`),
};
