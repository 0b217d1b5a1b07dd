/** Verifying and pruning as jobs, with their progress and what they found. */
import { api } from './api.js';
import { element, toast } from './dom.js';
import { confirmDelete } from './file.js';
import { locale } from './language.js';
import { text } from './words.js';

const list = document.querySelector('#jobs');
const POLL_MS = 1_000;
const MAX_SHOWN = 200;

/** Shows the jobs, and goes on as long as one is running. */
export class JobList {
  #open;
  #timer;
  /** Ids of jobs whose findings are complete. */
  #finished = new Map();

  /** @param open called with the id of a file that is clicked */
  constructor(open) {
    this.#open = open;
  }

  async refresh() {
    clearTimeout(this.#timer);
    const jobs = await api.jobs();
    document.querySelector('#no-jobs').hidden = jobs.length > 0;
    const items = await Promise.all(jobs.map((job) => this.#item(job)));
    list.replaceChildren(...items);
    if (jobs.some(({ state }) => state === 'running'))
      this.#timer = setTimeout(() => this.refresh(), POLL_MS);
  }

  async #item({ id, state }) {
    const known = this.#finished.get(id);
    if (known) return known;
    const job = await api.job(id);
    const item = this.#view(job);
    if (state !== 'running') this.#finished.set(id, item);
    return item;
  }

  #view({ id, kind, settings, state, startedAt, progress, findings, found, error }) {
    const about = Object.values(settings)
      .filter((value) => typeof value === 'string')
      .join(' · ');
    const counters = Object.entries(progress).map(
      ([name, value]) => `${name} ${value.toLocaleString(locale)}`,
    );
    const head = element(
      'p',
      { className: 'row' },
      element('strong', { textContent: text(kind === 'verify' ? 'jobVerify' : 'jobPrune') }),
      element('span', {
        textContent: [about, text(state), new Date(startedAt).toLocaleTimeString(locale)]
          .filter(Boolean)
          .join(' · '),
      }),
    );
    if (state === 'running') {
      head.append(
        element('button', { type: 'button', textContent: text('cancel'), onclick: () => this.#cancel(id) }),
      );
    }
    const summary = [...counters, found > 0 ? text('found', { count: found.toLocaleString(locale) }) : ''];
    if (state === 'done' && found === 0) summary.push(text('nothingFound'));
    const lines = findings.slice(0, MAX_SHOWN).map((finding) => this.#finding(finding));
    return element(
      'li',
      { className: 'job' },
      head,
      element('p', { className: 'detail', textContent: summary.filter(Boolean).join(' · ') }),
      error ? element('p', { className: 'failure', textContent: error }) : undefined,
      lines.length > 0 ? element('ul', {}, ...lines) : undefined,
    );
  }

  #finding({ fileId, problem }) {
    const link = element('button', {
      type: 'button',
      className: 'link',
      textContent: fileId,
      onclick: () => this.#open(fileId),
    });
    return element('li', {}, link, problem ? ` ${problem}` : '');
  }

  async #cancel(id) {
    await api.cancel(id);
    await this.refresh();
  }
}

/** @param jobs shows what the forms start */
export function jobForms(jobs, allowDelete) {
  const value = (id) => document.querySelector(`#${id}`).value;
  const start = async (work) => {
    try {
      await work();
      await jobs.refresh();
    } catch (error) {
      toast(error.message);
    }
  };
  document.querySelector('#prune-delete').hidden = !allowDelete;
  document.querySelector('#verify').addEventListener('submit', (event) => {
    event.preventDefault();
    void start(() => api.verify({ group: value('verify-group') }));
  });
  document.querySelector('#prune').addEventListener('submit', async (event) => {
    event.preventDefault();
    const dryRun = event.submitter?.value !== 'delete';
    const settings = {
      group: value('prune-group'),
      olderThan: value('prune-age'),
      ext: value('prune-ext'),
      dryRun,
    };
    const name = [settings.group, settings.ext, settings.olderThan].filter(Boolean).join(' · ');
    if (dryRun || (await confirmDelete(name))) void start(() => api.prune(settings));
  });
}
