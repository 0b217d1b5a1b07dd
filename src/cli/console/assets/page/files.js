/** The list of files: pages by filter, and totals by day. */
import { api } from './api.js';
import { bytes, element } from './dom.js';
import { locale } from './language.js';
import { text } from './words.js';

const form = document.querySelector('#filter');
const note = document.querySelector('#files-note');
const box = document.querySelector('#files-box');
const table = document.querySelector('#files-table');
const more = document.querySelector('#more');

/** @param open called with the id of a file that is clicked */
export function fileList(open) {
  let shown = 0;

  function filter() {
    const value = (name) => form.querySelector(`#filter-${name}`).value;
    return {
      group: value('group'),
      kind: value('kind'),
      day: value('day'),
      ext: value('ext').replace(/^\./, ''),
    };
  }

  async function show(skip) {
    note.textContent = text('listing');
    try {
      const page = await api.files({ ...filter(), skip });
      if (skip === 0) reset(['fileId', 'size', 'kind', 'created', 'source']);
      for (const file of page.files) table.tBodies[0].append(row(file));
      shown = skip + page.files.length;
      const time = new Date(page.sources.at(-1)?.listedAt ?? Date.now()).toLocaleTimeString(locale);
      note.textContent =
        shown === 0 ? text('nothing') : text(page.more ? 'listedMore' : 'listed', { count: shown, time });
      box.hidden = shown === 0;
      more.hidden = !page.more;
    } catch (error) {
      note.textContent = error.message;
    }
  }

  function row(file) {
    const { fileId, size, kind, createdAt, sourceAddress } = file;
    const link = element('button', {
      type: 'button',
      className: 'link',
      textContent: fileId,
      onclick: () => open(fileId),
    });
    return element(
      'tr',
      {},
      element('td', {}, link),
      element('td', { className: 'number', textContent: size === undefined ? '–' : bytes(size) }),
      element('td', { textContent: text(kind) }),
      element('td', { textContent: new Date(createdAt).toLocaleString(locale) }),
      element('td', { textContent: sourceAddress || '–' }),
    );
  }

  async function summarize() {
    note.textContent = text('listing');
    try {
      const { days } = await api.summary({ ...filter(), day: '' });
      reset(['day', 'count', 'bytes']);
      more.hidden = true;
      for (const [day, total] of Object.entries(days)) table.tBodies[0].append(dayRow(day, total));
      box.hidden = Object.keys(days).length === 0;
      note.textContent = box.hidden ? text('nothing') : text('filesNote');
    } catch (error) {
      note.textContent = error.message;
    }
  }

  function dayRow(day, { files, bytes: size }) {
    const link = element('button', {
      type: 'button',
      className: 'link',
      textContent: day,
      onclick: () => {
        form.querySelector('#filter-day').value = day;
        void show(0);
      },
    });
    return element(
      'tr',
      {},
      element('td', {}, link),
      element('td', { className: 'number', textContent: files.toLocaleString(locale) }),
      element('td', { className: 'number', textContent: bytes(size) }),
    );
  }

  function reset(columns) {
    const heads = columns.map((name) => element('th', { scope: 'col', textContent: text(name) }));
    table.tHead.rows[0].replaceChildren(...heads);
    table.tBodies[0].replaceChildren();
  }

  form.addEventListener('submit', (event) => {
    event.preventDefault();
    void show(0);
  });
  more.addEventListener('click', () => show(shown));
  document.querySelector('#summarize').addEventListener('click', summarize);
}

/** Offers these groups wherever one can be chosen. */
export function offerGroups(names) {
  for (const select of document.querySelectorAll('#filter-group, #verify-group, #prune-group')) {
    const known = [...select.options].map(({ value }) => value);
    for (const name of names) {
      if (!known.includes(name)) select.append(element('option', { value: name, textContent: name }));
    }
  }
}
