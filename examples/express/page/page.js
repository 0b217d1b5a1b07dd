/** Puts the page together: what the server reports, what the user does. */
import { api } from './api.js';
import { ClusterPanel } from './cluster.js';
import { announce, toast } from './dom.js';
import { readDropped } from './folders.js';
import { Gallery } from './gallery.js';
import { locale, translateDocument } from './language.js';
import { thumbnailOf } from './thumbnails.js';
import { trafficSwitch } from './traffic.js';
import { discard, findUnfinished } from './unfinished.js';
import { FormUpload, ResumableUpload, UploadQueue } from './uploads.js';
import { confirmDelete, view } from './viewer.js';
import { text } from './words.js';

translateDocument(text);

/** Browsers open six connections to a server; some are for everything else. */
const UPLOADS_AT_ONCE = 3;

const drop = document.querySelector('#drop');
const picker = document.querySelector('#picker');
const selection = document.querySelector('#selection');
const queue = new UploadQueue(UPLOADS_AT_ONCE, () => gallery.files.map(({ key }) => key));
const gallery = new Gallery({
  open: view,
  copyLink,
  copyId,
  select: showSelection,
  remove: (file) => remove([file]),
  choose: () => picker.click(),
  discard: async (upload) => {
    gallery.removeTile(upload.key);
    await discard(upload);
    toast(text('cancelled', upload));
  },
  resume: (upload) => queue.resume(upload),
  cancel: async (upload) => {
    gallery.removeTile(upload.key);
    await upload.cancel();
    toast(text('cancelled', upload));
  },
});

function add(files) {
  const Way = document.querySelector('[name=way]:checked').value === 'tus' ? ResumableUpload : FormUpload;
  for (const file of files) {
    const upload = new Way(file);
    gallery.addUpload(upload);
    upload.thumbnail = thumbnailOf(file);
    upload.thumbnail.then((picture) => {
      if (picture) gallery.setPreview(upload.key, URL.createObjectURL(picture));
    });
    queue.add(upload);
  }
  const what = files.length === 1 ? files[0].name : text('someFiles', { count: files.length });
  if (files.length > 0) announce(text('uploading', { what }));
}

/** The file is in FastDFS. Its small picture goes there as well. */
async function finish(upload, file) {
  await upload.finish();
  announce(text('storedIn', { name: upload.name, group: file.group }));
  const picture = await upload.thumbnail;
  if (!picture || file.thumbnail) return;
  await api
    .setThumbnail(file.key, picture)
    .catch((error) => toast(text('noThumbnail', { reason: error.message })));
}

async function copyLink(file) {
  try {
    const { url, expiresAt } = await api.link(file.key);
    const until = new Date(expiresAt).toLocaleTimeString(locale, { hour: '2-digit', minute: '2-digit' });
    await navigator.clipboard.writeText(new URL(url, document.baseURI).href);
    toast(text('linkCopied', { time: until }));
  } catch (error) {
    toast(text('noLink', { reason: error.message }));
  }
}

async function copyId(file) {
  await navigator.clipboard.writeText(file.fileId);
  toast(text('idCopied'));
}

/** Deletes after a question; what fails stays in the list, and the toast says why. */
async function remove(files) {
  if (files.length === 0 || !(await confirmDelete(files))) return;
  let deleted = 0;
  let failure;
  for (const { key, name } of files) {
    try {
      await api.remove(key);
      gallery.removeTile(key);
      deleted += 1;
    } catch (error) {
      failure = text('notDeleted', { name, reason: error.message });
    }
  }
  showSelection();
  const done = deleted === 1 ? text('deleted', files[0]) : text('deletedMany', { count: deleted });
  toast(failure ?? done);
}

function showSelection() {
  const count = gallery.selected.length;
  selection.hidden = count === 0;
  selection.querySelector('#selection-count').textContent = text('selected', { count });
}

picker.addEventListener('change', () => {
  add([...picker.files]);
  picker.value = '';
});
// Files may be dropped anywhere; beside the box the browser would leave the page to show them.
for (const type of ['dragenter', 'dragover']) {
  addEventListener(type, (event) => {
    if (!event.dataTransfer?.types.includes('Files')) return;
    event.preventDefault();
    drop.classList.add('over');
  });
}
addEventListener('dragleave', (event) => {
  if (event.relatedTarget === null) drop.classList.remove('over');
});
addEventListener('drop', (event) => {
  event.preventDefault();
  drop.classList.remove('over');
  if (event.dataTransfer) void readDropped(event.dataTransfer).then(add);
});
addEventListener('online', () => queue.reconnect());

document.querySelector('#selection-delete').addEventListener('click', () => remove(gallery.selected));
document.querySelector('#selection-clear').addEventListener('click', () => {
  gallery.clearSelection();
  showSelection();
});

const panel = new ClusterPanel();
const events = new EventSource('events');
events.addEventListener('cluster', ({ data }) => panel.show(JSON.parse(data)));
events.addEventListener('files', ({ data }) => {
  const files = JSON.parse(data);
  for (const file of files) {
    const upload = queue.get(file.key);
    if (upload) void finish(upload, file);
  }
  gallery.showFiles(files);
  showSelection();
  document.querySelector('#files').classList.remove('loading');
});
events.addEventListener('error', () => panel.lost());
trafficSwitch(
  document.querySelector('#traffic'),
  document.querySelector('#traffic-count'),
  () => gallery.files,
);
for (const upload of await findUnfinished()) if (!queue.get(upload.key)) gallery.addUnfinished(upload);
