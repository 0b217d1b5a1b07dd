/** Puts the console together. */
import { api } from './api.js';
import { ClusterPanel } from './cluster.js';
import { toast } from './dom.js';
import { fileActions, openFile } from './file.js';
import { fileList, offerGroups } from './files.js';
import { JobList, jobForms } from './jobs.js';
import { translateDocument } from './language.js';
import { text } from './words.js';

translateDocument(text);

const findFailure = document.querySelector('#find-failure');
const open = (id) => openFile(id).catch((error) => toast(error.message));
const jobs = new JobList(open);
const panel = new ClusterPanel();
const { allowDelete } = await api.settings();

fileActions({ allowDelete, changed: () => jobs.refresh() });
fileList(open);
jobForms(jobs, allowDelete);
await jobs.refresh();

document.querySelector('#find').addEventListener('submit', async (event) => {
  event.preventDefault();
  findFailure.hidden = true;
  try {
    await openFile(document.querySelector('#find-id').value.trim());
  } catch (error) {
    findFailure.textContent = error.message;
    findFailure.hidden = false;
  }
});

const events = new EventSource('api/events');
events.addEventListener('cluster', ({ data }) => {
  const state = JSON.parse(data);
  panel.show(state);
  offerGroups(state.groups.map(({ name }) => name));
});
events.addEventListener('error', () => panel.lost());
