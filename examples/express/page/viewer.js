/** The dialogs: one to look at a file, one to ask before it is deleted. */
import { bytes, element } from './dom.js';
import { saveUrl } from './gallery.js';
import { locale } from './language.js';
import { text } from './words.js';

const viewer = document.querySelector('#viewer');
const question = document.querySelector('#question');
const stage = viewer.querySelector('#stage');
/** Of a text: enough to recognize it. */
const PREVIEW_BYTES = 64 * 1024;

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
  showContent(file);
  viewer.querySelector('#facts').replaceChildren(...listFacts(file));
  viewer.showModal();
}

/** Asks the user before files are deleted. */
export async function confirmDelete(files) {
  question.querySelector('#question-title').textContent =
    files.length === 1 ? text('deleteTitle', files[0]) : text('deleteMany', { count: files.length });
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

function showContent(file) {
  const [family] = file.type.split('/');
  const src = `f/${file.fileId}`;
  const onerror = () => stage.replaceChildren(failure(file));
  if (family === 'image') stage.replaceChildren(element('img', { src, alt: file.name, onerror }));
  else if (family === 'video' || family === 'audio') {
    stage.replaceChildren(element(family, { src, controls: true, preload: 'metadata', onerror }));
  } else if (isText(file)) void showText(file, src);
  else stage.replaceChildren(noPreview(file));
}

function isText({ type, name }) {
  return (
    /^text\/|json|xml|javascript|yaml/.test(type) || /\.(txt|md|log|csv|conf|ya?ml|json|ts)$/i.test(name)
  );
}

/** Shows the beginning of a text. */
async function showText(file, src) {
  const place = element('pre', { className: 'text', tabIndex: 0, ariaLabel: file.name });
  stage.replaceChildren(place);
  try {
    const headers = file.size > 0 ? { Range: `bytes=0-${PREVIEW_BYTES - 1}` } : {};
    const answer = await fetch(src, { headers });
    if (!answer.ok) throw new Error(String(answer.status));
    place.textContent = new TextDecoder().decode(await answer.arrayBuffer());
    if (file.size > PREVIEW_BYTES)
      stage.append(element('p', {}, text('firstPart', { size: bytes(PREVIEW_BYTES) })));
  } catch {
    stage.replaceChildren(failure(file));
  }
}

function noPreview(file) {
  return element(
    'p',
    {},
    `${text('noPreview')} `,
    element('a', { href: saveUrl(file), textContent: text('saveIt') }),
  );
}

/** The browser cannot show the file, or the server cannot be reached. */
function failure(file) {
  const again = element('button', {
    type: 'button',
    textContent: text('tryAgain'),
    onclick: () => showContent(file),
  });
  return element('p', { className: 'failure' }, `${text('loadFailed')} `, again);
}

function listFacts(file) {
  const facts = {
    [text('fileId')]: file.fileId,
    [text('size')]: text('sizeValue', { size: bytes(file.size), bytes: file.size.toLocaleString(locale) }),
    [text('stored')]: new Date(file.createdAt).toLocaleString(locale),
    'CRC-32': file.crc32?.toString(16).padStart(8, '0'),
    [text('thumbnail')]:
      file.thumbnail && text('slave', { name: `…${file.thumbnail.slice(file.thumbnail.lastIndexOf('/'))}` }),
  };
  return Object.entries(facts)
    .filter(([, value]) => value !== undefined)
    .flatMap(([name, value]) => [
      element('dt', { textContent: name }),
      element('dd', { textContent: value }),
    ]);
}
