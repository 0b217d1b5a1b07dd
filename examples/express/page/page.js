/** Puts the page together: what the server tells, what the user does. */
import { api } from './api.js';
import { ClusterPanel } from './cluster.js';
import { announce, toast } from './dom.js';
import { Gallery } from './gallery.js';
import { thumbnailOf } from './thumbnails.js';
import { trafficSwitch } from './traffic.js';
import { FormUpload, ResumableUpload, UploadQueue } from './uploads.js';
import { mayDelete, view } from './viewer.js';

/** Browsers open six connections to a server; some are for everything else. */
const UPLOADS_AT_ONCE = 3;

const drop = document.querySelector('#drop');
const picker = document.querySelector('#picker');
const queue = new UploadQueue(UPLOADS_AT_ONCE, () => gallery.files.map(({ key }) => key));
const gallery = new Gallery({
  open: view,
  copyLink,
  remove,
  resume: (upload) => queue.resume(upload),
  cancel: async (upload) => {
    gallery.removeTile(upload.key);
    await upload.cancel();
    toast(`${upload.name} was cancelled.`);
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
  if (files.length > 0) announce(`Uploading ${files.length === 1 ? files[0].name : `${files.length} files`}`);
}

/** The file is in FastDFS. Its small picture goes there as well. */
async function finish(upload, file) {
  await upload.finish();
  announce(`${upload.name} is stored in ${file.group}`);
  const picture = await upload.thumbnail;
  if (!picture || file.thumbnail) return;
  await api.setThumbnail(file.key, picture).catch((error) => toast(`No thumbnail: ${error.message}`));
}

async function copyLink(file) {
  try {
    const { url, expiresAt } = await api.link(file.key);
    const until = new Date(expiresAt).toLocaleTimeString([], { hour: '2-digit', minute: '2-digit' });
    await navigator.clipboard.writeText(new URL(url, document.baseURI).href);
    toast(`Link copied. It works for everybody until ${until}.`);
  } catch (error) {
    toast(`No link: ${error.message}`);
  }
}

async function remove(file) {
  if (!(await mayDelete(file))) return;
  try {
    await api.remove(file.key);
    gallery.removeTile(file.key);
    toast(`${file.name} is deleted.`);
  } catch (error) {
    toast(`${file.name} was not deleted: ${error.message}`);
  }
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
  add([...(event.dataTransfer?.files ?? [])]);
});
addEventListener('online', () => queue.reconnect());

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
  document.querySelector('#files').classList.remove('loading');
});
events.addEventListener('error', () => panel.lost());
trafficSwitch(
  document.querySelector('#traffic'),
  document.querySelector('#traffic-count'),
  () => gallery.files,
);
