/** The tiles: files, and files on their way. A tile stays where it is when its upload has become a file. */
import { announce, bytes, element, extensionOf, icon, iconButton, nameElement } from './dom.js';
import { locale } from './language.js';
import { text } from './words.js';

/** States that are described below the progress. */
const DESCRIBED = ['queued', 'paused', 'storing'];
/** Between two announcements of the progress of an upload. */
const ANNOUNCE_MS = 4_000;

export class Gallery {
  #list = document.querySelector('#gallery');
  #empty = document.querySelector('#empty');
  /** key → { item, file?, upload?, preview? } */
  #tiles = new Map();
  #actions;

  /**
   * @param actions what the buttons of tiles do: open, copyLink, copyId, select, remove; resume and cancel for uploads; choose and
   * discard for unfinished ones
   */
  constructor(actions) {
    this.#actions = actions;
  }

  get files() {
    return [...this.#tiles.values()].flatMap(({ file }) => file ?? []);
  }

  /** Shows the list as it is now, oldest first. */
  showFiles(files) {
    const keys = new Set(files.map(({ key }) => key));
    for (const [key, { file }] of this.#tiles) if (file && !keys.has(key)) this.removeTile(key);
    for (const file of files) {
      const tile = this.#tiles.get(file.key) ?? this.#newTile(file.key);
      if (tile.file?.thumbnail !== file.thumbnail || !tile.file) this.#showFile(tile, file);
    }
  }

  addUpload(upload) {
    const tile = this.#newTile(upload.key);
    tile.upload = upload;
    const view = this.#uploadView(upload);
    tile.item.classList.add('uploading');
    tile.item.replaceChildren(...view.nodes);
    view.update();
    upload.addEventListener('change', view.update);
    upload.addEventListener('named', () => {
      this.#tiles.delete(this.#keyOf(tile));
      // It continues an upload of an earlier visit, whose tile it replaces.
      this.#tiles.get(upload.key)?.item.remove();
      this.#tiles.set(upload.key, tile);
    });
  }

  /** An upload of an earlier visit: its file has to be chosen again. */
  addUnfinished(upload) {
    if (this.#tiles.has(upload.key)) return;
    const tile = this.#newTile(upload.key);
    const { name, sent, total } = upload;
    const bar = element('progress', { max: 1, value: sent / total, ariaLabel: text('uploadOf', { name }) });
    tile.item.classList.add('uploading');
    tile.item.replaceChildren(
      element('div', { className: 'picture' }, kindOf('', name), bar),
      nameElement(name),
      element('p', {
        className: 'detail',
        textContent: `${text('progress', { sent: bytes(sent), total: bytes(total) })}\n${text('unfinished')}`,
      }),
      element(
        'div',
        { className: 'actions' },
        iconButton('play', text('continue', { name }), () => this.#actions.choose(upload)),
        iconButton('close', text('discard', { name }), () => this.#actions.discard(upload)),
      ),
    );
  }

  /** Returns the files whose box is checked. */
  get selected() {
    return [...this.#tiles.values()].flatMap(({ item, file }) =>
      file && item.querySelector('.select')?.checked ? file : [],
    );
  }

  clearSelection() {
    for (const box of this.#list.querySelectorAll('.select:checked')) box.checked = false;
  }

  /** Shown until the file has a thumbnail of its own. */
  setPreview(key, url) {
    const tile = this.#tiles.get(key);
    if (!tile) return;
    tile.preview = url;
    if (tile.file) this.#showFile(tile, tile.file);
    else tile.item.querySelector('.picture').prepend(picture(url));
    tile.item.querySelector('.picture').classList.add('has-image');
  }

  /** The focus moves to a neighbour, so that keyboard users do not start again at the top of the page. */
  removeTile(key) {
    const tile = this.#tiles.get(key);
    if (!tile) return;
    const { item } = tile;
    const neighbour = item.nextElementSibling ?? item.previousElementSibling;
    const focused = item.contains(document.activeElement);
    this.#tiles.delete(key);
    item.remove();
    this.#empty.hidden = this.#tiles.size > 0;
    if (focused) (neighbour?.querySelector('button') ?? document.querySelector('#files-title')).focus();
  }

  #keyOf(tile) {
    return [...this.#tiles].find(([, other]) => other === tile)?.[0];
  }

  #newTile(key) {
    const tile = { item: element('li', { className: 'tile' }) };
    this.#tiles.set(key, tile);
    this.#list.prepend(tile.item);
    this.#empty.hidden = true;
    return tile;
  }

  #showFile(tile, file) {
    const { item, preview } = tile;
    const { name } = file;
    const wasSelected = item.querySelector('.select')?.checked ?? false;
    const focused = item.contains(document.activeElement);
    const image = file.thumbnail ? `f/${file.thumbnail}` : preview;
    tile.file = file;
    tile.upload = undefined;
    item.classList.remove('uploading');
    const save = element(
      'a',
      {
        className: 'quiet',
        href: saveUrl(file),
        title: text('save', { name }),
        ariaLabel: text('save', { name }),
      },
      icon('save'),
    );
    const open = element(
      'button',
      {
        type: 'button',
        className: image ? 'picture has-image' : 'picture',
        ariaLabel: text('open', { name }),
        onclick: () => this.#actions.open(file),
      },
      image ? picture(image) : kindOf(file.type, file.name),
    );
    const select = element('input', {
      type: 'checkbox',
      className: 'select',
      checked: wasSelected,
      ariaLabel: text('select', { name }),
      onchange: () => this.#actions.select(),
    });
    item.replaceChildren(
      open,
      select,
      nameElement(name),
      element('p', {
        className: 'detail',
        textContent: `${bytes(file.size)} · ${file.group}\n${when(file)}`,
      }),
      element(
        'div',
        { className: 'actions' },
        iconButton('link', text('copyLink', { name }), () => this.#actions.copyLink(file)),
        iconButton('copy', text('copyId', { name }), () => this.#actions.copyId(file)),
        save,
        iconButton('delete', text('deleteFile', { name }), () => this.#actions.remove(file)),
      ),
    );
    if (focused) open.focus();
  }

  #uploadView(upload) {
    const bar = element('progress', { max: 1, value: 0, ariaLabel: text('uploadOf', upload) });
    const detail = element('p', { className: 'detail' });
    const pause = iconButton('pause', '', () =>
      upload.active ? upload.pause() : this.#actions.resume(upload),
    );
    const { type, name } = upload.file;
    const cancel = iconButton('close', text('cancel', { name }), () => this.#actions.cancel(upload));
    const again = iconButton('play', text('retry', { name }), () => this.#actions.resume(upload));
    const nodes = [
      element('div', { className: 'picture' }, kindOf(type, name), bar),
      nameElement(name),
      detail,
      element('div', { className: 'actions' }, upload.pausable ? pause : again, cancel),
    ];
    let announcedAt = performance.now();
    const update = () => {
      const { state, sent, total } = upload;
      bar.value = total > 0 ? sent / total : Number(state === 'storing');
      detail.textContent = describe(upload);
      detail.classList.toggle('failed', state === 'failed' || state === 'waiting');
      pause.disabled = state === 'queued' || state === 'storing';
      again.hidden = state !== 'failed';
      const action = upload.active ? 'pause' : state === 'failed' ? 'retry' : 'resume';
      setIcon(pause, upload.active ? 'pause' : 'play', text(action, { name }));
      const now = performance.now();
      if (state === 'sending' && now - announcedAt > ANNOUNCE_MS) {
        announcedAt = now;
        announce(`${name}: ${Math.floor(bar.value * 100)} %`);
      }
    };
    return { nodes, update };
  }
}

/** Where a browser saves the file under the name that it came with. */
export function saveUrl({ fileId, name }) {
  return `f/${fileId}?${new URLSearchParams({ filename: name })}`;
}

function picture(src) {
  return element('img', { src, alt: '', width: 200, height: 200, decoding: 'async' });
}

function kindOf(type, name) {
  const [family] = type.split('/');
  return element(
    'span',
    { className: 'kind' },
    icon(['image', 'audio', 'video'].includes(family) ? family : 'file'),
    extensionOf(name),
  );
}

function describe({ state, message, sent, total, speed }) {
  if (message) return message;
  const done = text('progress', { sent: bytes(sent), total: bytes(total) });
  const rate = speed > 0 ? `${bytes(speed)}/s` : '';
  return `${done}\n${DESCRIBED.includes(state) ? text(state) : rate}`;
}

function when({ createdAt }) {
  const format = { month: 'short', day: 'numeric', hour: '2-digit', minute: '2-digit' };
  return new Date(createdAt).toLocaleString(locale, format);
}

function setIcon(button, name, label) {
  if (button.ariaLabel === label) return;
  button.ariaLabel = label;
  button.title = label;
  button.replaceChildren(icon(name));
}
