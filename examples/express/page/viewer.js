/** The dialogs: one to look at a file, one to ask before it is deleted. */
import { bytes, element } from './dom.js';
import { saveUrl } from './gallery.js';

const viewer = document.querySelector('#viewer');
const question = document.querySelector('#question');
const stage = viewer.querySelector('#stage');

// Without its source a player stops fetching.
viewer.addEventListener('close', () => {
  for (const player of stage.querySelectorAll('video, audio')) player.removeAttribute('src');
  stage.replaceChildren();
});
for (const dialog of [viewer, question]) {
  dialog.addEventListener('click', (event) => {
    if (event.target === dialog && !isInside(dialog, event)) dialog.close();
  });
}

/** Clicks beside a dialog come from the dialog, too. */
function isInside(dialog, { clientX, clientY }) {
  const { left, right, top, bottom } = dialog.getBoundingClientRect();
  return clientX >= left && clientX <= right && clientY >= top && clientY <= bottom;
}

export function view(file) {
  viewer.querySelector('#viewer-title').textContent = file.name;
  stage.replaceChildren(contentOf(file));
  viewer.querySelector('#facts').replaceChildren(...factsOf(file));
  viewer.showModal();
}

/** Whether the user says yes. */
export async function mayDelete(file) {
  question.querySelector('#question-title').textContent = `Delete ${file.name}?`;
  question.showModal();
  // 'close' comes late: by then the dialog may have been opened again, for another question.
  return await new Promise((resolve) => {
    const answered = new AbortController();
    const { signal } = answered;
    const settle = (answer) => {
      answered.abort();
      resolve(answer);
    };
    question.addEventListener('submit', ({ submitter }) => settle(submitter?.value === 'yes'), { signal });
    question.addEventListener('close', () => question.open || settle(false), { signal });
  });
}

function contentOf(file) {
  const [family] = file.type.split('/');
  const src = `f/${file.fileId}`;
  const onerror = () => stage.replaceChildren(nothingToSee(file));
  if (family === 'image') return element('img', { src, alt: file.name, onerror });
  if (family === 'video' || family === 'audio') {
    return element(family, { src, controls: true, preload: 'metadata', onerror });
  }
  return nothingToSee(file);
}

function nothingToSee(file) {
  return element(
    'p',
    {},
    'This browser shows no such file. ',
    element('a', { href: saveUrl(file), textContent: 'Save it' }),
  );
}

function factsOf(file) {
  const facts = {
    'File id': file.fileId,
    Size: `${bytes(file.size)} (${file.size.toLocaleString('en')} bytes)`,
    Stored: new Date(file.createdAt).toLocaleString(),
    'CRC-32': file.crc32?.toString(16).padStart(8, '0'),
    Thumbnail: file.thumbnail && `…${file.thumbnail.slice(file.thumbnail.lastIndexOf('/'))}, a slave file`,
  };
  return Object.entries(facts)
    .filter(([, value]) => value !== undefined)
    .flatMap(([name, value]) => [
      element('dt', { textContent: name }),
      element('dd', { textContent: value }),
    ]);
}
