/** The cluster panel. It is built once for each set of servers and filled in after that, so that the focus stays. */
import { api } from './api.js';
import { bytes, element, toast } from './dom.js';
import { RequestPlot } from './plot.js';
import { text } from './words.js';

const verdict = document.querySelector('#verdict');

export class ClusterPanel {
  #built = '';
  #latest = 0;
  #rows = new Map();
  #bars = new Map();
  #plot = new RequestPlot(document.querySelector('#plot'));

  show(state) {
    // An answer may have been overtaken by a later one.
    if (state.at < this.#latest) return;
    this.#latest = state.at;
    document.querySelector('aside').classList.remove('loading');
    verdict.textContent = text(state.verdict);
    verdict.dataset.verdict = state.verdict;
    document.querySelector('#reasons').textContent = state.reasons.join(' · ') || text('everyStorage');
    document.querySelector('#trackers').replaceChildren(...state.trackers.map(trackerLine));

    const shape = JSON.stringify(
      state.groups.map(({ name, storages }) => [name, storages.map(({ id }) => id)]),
    );
    if (shape !== this.#built) {
      this.#built = shape;
      this.#build(state.groups);
    }
    const rates = this.#plot.add(state);
    for (const group of state.groups) {
      this.#bars.get(group.name)(group);
      for (const storage of group.storages) this.#rows.get(storage.id)(storage, rates.get(storage.id));
    }
  }

  /** The stream of events is broken: what is shown is old. */
  lost() {
    verdict.textContent = text('connecting');
    verdict.dataset.verdict = '';
  }

  #build(groups) {
    const storages = groups.flatMap((group) => group.storages);
    this.#rows.clear();
    this.#plot.reset(storages.map(({ id }) => id));
    document.querySelector('#groups').replaceChildren(...groups.map((group) => this.#groupCard(group)));
  }

  #groupCard({ name, storages }) {
    const space = spaceBar(name);
    this.#bars.set(name, space.update);
    const rows = storages.map((storage) => {
      const row = storageRow(storage, this.#plot.colorOf(storage.id));
      this.#rows.set(storage.id, row.update);
      return row.item;
    });
    return element(
      'section',
      { className: 'group' },
      element('h3', { textContent: name }),
      ...space.nodes,
      element('ul', { className: 'storages' }, ...rows),
    );
  }
}

function trackerLine({ address, reachable, leader, latencyMs }) {
  const role = text(reachable ? (leader ? 'leader' : 'follower') : 'noTracker');
  const latency = latencyMs === undefined ? '' : ` · ${latencyMs.toFixed(1)} ms`;
  return element('li', { textContent: `${text('tracker', { address })} · ${role}${latency}` });
}

function spaceBar(group) {
  const used = element('span', { className: 'used' });
  const reserved = element('span', { className: 'reserved' });
  const bar = element(
    'div',
    { className: 'space', role: 'meter', ariaLabel: text('spaceUsed', { group }) },
    used,
    reserved,
  );
  const detail = element('p', { className: 'detail' });
  bar.ariaValueMin = '0';
  bar.ariaValueMax = '100';
  const update = ({ totalBytes, freeBytes, reservedBytes }) => {
    const share = (part) => (totalBytes > 0 ? (part / totalBytes) * 100 : 0);
    used.style.width = `${share(totalBytes - freeBytes)}%`;
    reserved.style.width = `${share(Math.min(reservedBytes, freeBytes))}%`;
    bar.ariaValueNow = String(Math.round(share(totalBytes - freeBytes)));
    const parts = { free: bytes(freeBytes), total: bytes(totalBytes), reserved: bytes(reservedBytes) };
    detail.textContent = text(reservedBytes > 0 ? 'spaceReserved' : 'space', parts);
  };
  return { nodes: [bar, detail], update };
}

function storageRow({ id, address, version, control }, color) {
  const dot = element('span', { className: 'dot' });
  dot.style.setProperty('--series', color);
  const state = element('span', { className: 'state' });
  const rate = element('span', { className: 'rate' });
  const button = element('button', { type: 'button', className: 'switch' });
  const names = element(
    'span',
    { className: 'names', title: `FastDFS ${version}` },
    element('span', { className: 'address', textContent: address }),
    element('small', {}, address.startsWith(id) ? '' : `id ${id} · `, rate),
  );
  const item = element('li', { className: 'storage' }, dot, names, state, control ? button : '');

  const update = ({ status }, perSecond) => {
    const running = status === 'ACTIVE';
    item.dataset.status = status;
    state.textContent = status;
    const rounded = perSecond < 10 ? perSecond.toFixed(1) : Math.round(perSecond);
    rate.textContent = running ? text('rate', { rate: rounded }) : text('silent');
    button.textContent = text(running ? 'stop' : 'start');
    button.ariaLabel = text(running ? 'stopStorage' : 'startStorage', { address });
    button.onclick = () => turn(button, control, running, address);
  };
  return { item, update };
}

async function turn(button, control, running, address) {
  button.disabled = true;
  try {
    await api.switchStorage(control, running ? 'stop' : 'start');
    toast(text(running ? 'stopped' : 'started', { address }));
  } catch (error) {
    toast(error.message);
  }
  button.disabled = false;
  button.focus();
}
