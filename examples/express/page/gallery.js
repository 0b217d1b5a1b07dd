/** The tiles: files, and files on their way. A tile stays where it is when its upload has become a file. */
import { announce, bytes, element, extensionOf, icon, iconButton } from './dom.js';

const WORDS = {
  queued: 'Waiting for its turn',
  paused: 'Paused',
  storing: 'Storing …',
};
/** Between two announcements of the progress of an upload. */
const ANNOUNCE_MS = 4_000;

export class Gallery {
  #list = document.querySelector('#gallery');
  #empty = document.querySelector('#empty');
  /** key → { item, file?, upload?, preview? } */
  #tiles = new Map();
  #actions;

  /** @param actions what the buttons of tiles do: open, copyLink, remove; resume and cancel for uploads */
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
      this.#tiles.set(upload.key, tile);
    });
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

  /** The focus goes to a neighbour, so that nobody starts anew at the top of the page. */
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
    const focused = item.contains(document.activeElement);
    const image = file.thumbnail ? `f/${file.thumbnail}` : preview;
    tile.file = file;
    tile.upload = undefined;
    item.classList.remove('uploading');
    const save = element(
      'a',
      { className: 'quiet', href: saveUrl(file), title: 'Save', ariaLabel: `Save ${file.name}` },
      icon('save'),
    );
    const open = element(
      'button',
      {
        type: 'button',
        className: image ? 'picture has-image' : 'picture',
        ariaLabel: `Open ${file.name}`,
        onclick: () => this.#actions.open(file),
      },
      image ? picture(image) : kindOf(file.type, file.name),
    );
    item.replaceChildren(
      open,
      element('p', { className: 'name', textContent: file.name, title: file.name }),
      element('p', {
        className: 'detail',
        textContent: `${bytes(file.size)} · ${file.group}\n${when(file)}`,
      }),
      element(
        'div',
        { className: 'actions' },
        iconButton('link', `Copy a link to ${file.name}`, () => this.#actions.copyLink(file)),
        save,
        iconButton('delete', `Delete ${file.name}`, () => this.#actions.remove(file)),
      ),
    );
    if (focused) open.focus();
  }

  #uploadView(upload) {
    const bar = element('progress', { max: 1, value: 0, ariaLabel: `Upload of ${upload.name}` });
    const detail = element('p', { className: 'detail' });
    const pause = iconButton('pause', '', () =>
      upload.active ? upload.pause() : this.#actions.resume(upload),
    );
    const cancel = iconButton('close', `Cancel ${upload.name}`, () => this.#actions.cancel(upload));
    const { type, name } = upload.file;
    const nodes = [
      element('div', { className: 'picture' }, kindOf(type, name), bar),
      element('p', { className: 'name', textContent: name, title: name }),
      detail,
      element('div', { className: 'actions' }, ...(upload.pausable ? [pause] : []), cancel),
    ];
    let announcedAt = performance.now();
    const update = () => {
      const { state, sent, total } = upload;
      bar.value = total > 0 ? sent / total : Number(state === 'storing');
      detail.textContent = describe(upload);
      detail.classList.toggle('failed', state === 'failed' || state === 'waiting');
      pause.disabled = state === 'queued' || state === 'storing';
      setIcon(pause, upload.active ? 'pause' : 'play', `${upload.active ? 'Pause' : 'Resume'} ${name}`);
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
  const done = `${bytes(sent)} of ${bytes(total)}`;
  return `${done}\n${WORDS[state] ?? (speed > 0 ? `${bytes(speed)}/s` : '')}`;
}

function when({ createdAt }) {
  const format = { month: 'short', day: 'numeric', hour: '2-digit', minute: '2-digit' };
  return new Date(createdAt).toLocaleString([], format);
}

function setIcon(button, name, label) {
  if (button.ariaLabel === label) return;
  button.ariaLabel = label;
  button.title = label;
  button.replaceChildren(icon(name));
}
