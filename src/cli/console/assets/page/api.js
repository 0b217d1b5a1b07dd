/** What the console asks of its server. */

async function request(path, init) {
  const response = await fetch(`api/${path}`, init);
  const body = await response.json();
  if (!response.ok) throw new Error(body.error);
  return body;
}

const get = (path, query = {}) => request(`${path}?${new URLSearchParams(query)}`);
const post = (path, body) => request(path, { method: 'POST', body: JSON.stringify(body) });

export const api = {
  settings: () => get('settings'),
  files: (query) => get('files', query),
  summary: (query) => get('summary', query),
  file: (id) => get('file', { id }),
  remove: (fileId) => post('delete', { fileId }),
  jobs: () => get('jobs'),
  job: (id) => get('job', { id }),
  verify: (settings) => post('jobs/verify', settings),
  prune: (settings) => post('jobs/prune', settings),
  cancel: (id) => post('jobs/cancel', { id }),
};
