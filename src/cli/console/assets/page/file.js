/** The dialog of one file: preview, facts, metadata, copies, deleting. */
import { api } from './api.js';
import { bytes, element, toast } from './dom.js';
import { locale } from './language.js';
import { text } from './words.js';

const viewer = document.querySelector('#viewer');
const question = document.querySelector('#question');
const stage = viewer.querySelector('#stage');
const note = viewer.querySelector('#viewer-note');
const button = (id) => viewer.querySelector(`#${id}`);
const PICTURES = /^(jpe?g|png|gif|webp|avif|bmp)$/i;
const SOUNDS = /^(mp3|ogg|wav|m4a|flac)$/i;
const VIDEOS = /^(mp4|webm|mov)$/i;

let shown;

// Without its source a player stops fetching.
viewer.addEventListener('close', () => stage.replaceChildren());

/**
 * Shows a file.
 * @throws Error when there is no such file
 */
export async function openFile(id) {
  shown = await api.file(id);
  if (shown.stat.error) throw new Error(shown.stat.error);
  viewer.querySelector('#viewer-title').textContent = shown.fileId;
  viewer.querySelector('#facts').replaceChildren(...listFacts(shown));
  note.textContent = '';
  button('save').href = `f/${shown.fileId}?filename=${encodeURIComponent(shown.fileId.split('/').at(-1))}`;
  showContent(shown);
  viewer.showModal();
}

function showContent({ fileId, extension }) {
  const src = `f/${fileId}`;
  const fail = () => stage.replaceChildren(element('p', { textContent: text('noPreview') }));
  if (PICTURES.test(extension)) stage.replaceChildren(element('img', { src, alt: fileId, onerror: fail }));
  else if (SOUNDS.test(extension))
    stage.replaceChildren(element('audio', { src, controls: true, onerror: fail }));
  else if (VIDEOS.test(extension))
    stage.replaceChildren(element('video', { src, controls: true, onerror: fail }));
  else fail();
}

function listFacts({ kind, stat, metadata, storages }) {
  const facts = {
    [text('kind')]: text(kind),
    [text('size')]: text('sizeValue', { size: bytes(stat.size), bytes: stat.size.toLocaleString(locale) }),
    [text('created')]: new Date(stat.createdAt).toLocaleString(locale),
    [text('modified')]: stat.modifiedAt && new Date(stat.modifiedAt).toLocaleString(locale),
    'CRC-32': stat.crc32?.toString(16).padStart(8, '0'),
    [text('source')]: stat.sourceAddress,
    [text('storages')]: storages.error ?? storages.map(({ host, port }) => `${host}:${port}`).join(', '),
    [text('metadata')]: metadata.error ?? describeMetadata(metadata),
  };
  return Object.entries(facts)
    .filter(([, value]) => value)
    .flatMap(([name, value]) => [
      element('dt', { textContent: name }),
      element('dd', { textContent: value }),
    ]);
}

function describeMetadata(metadata) {
  const pairs = Object.entries(metadata).map(([name, value]) => `${name}=${value}`);
  return pairs.length === 0 ? text('none') : pairs.join(', ');
}

/** @param changed called when a job was started or a file deleted */
export function fileActions({ allowDelete, changed }) {
  button('delete').hidden = !allowDelete;
  button('copy-id').addEventListener('click', async () => {
    await navigator.clipboard.writeText(shown.fileId);
    toast(text('idCopied'));
  });
  button('check-copies').addEventListener('click', async () => {
    try {
      await api.verify({ fileId: shown.fileId });
      note.textContent = text('checkStarted');
      changed();
    } catch (error) {
      note.textContent = error.message;
    }
  });
  button('delete').addEventListener('click', async () => {
    if (!(await confirmDelete(shown.fileId))) return;
    try {
      await api.remove(shown.fileId);
      viewer.close();
      toast(text('deleted', { name: shown.fileId }));
    } catch (error) {
      note.textContent = error.message;
    }
  });
}

/** Asks the user before something is deleted. */
export async function confirmDelete(name) {
  question.querySelector('#question-title').textContent = text('deleteTitle', { name });
  question.returnValue = '';
  question.showModal();
  await new Promise((resolve) => question.addEventListener('close', resolve, { once: true }));
  return question.returnValue === 'yes';
}
