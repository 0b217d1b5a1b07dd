/** Requests per second of each storage over the last two minutes. */
import uPlot from './lib/uplot.js';

const WINDOW_SECONDS = 120;
const HEIGHT_PX = 150;
/** Distinguishable for most colour-blind people, on light and on dark. Further storages get them again, dashed. */
const COLORS = 6;

export class RequestPlot {
  #place;
  #plot;
  #ids = [];
  /** id → { at, requests, reportedAt, rate } */
  #last = new Map();
  /** Times in seconds, then one row for each storage. */
  #data = [[]];

  constructor(place) {
    this.#place = place;
    new ResizeObserver(() => this.#plot?.setSize({ width: place.clientWidth, height: HEIGHT_PX })).observe(
      place,
    );
    matchMedia('(prefers-color-scheme: dark)').addEventListener('change', () => this.#plot?.redraw());
  }

  colorOf(id) {
    return `var(--series-${(this.#ids.indexOf(id) % COLORS) + 1})`;
  }

  reset(ids) {
    this.#ids = ids;
    this.#last.clear();
    this.#data = [[], ...ids.map(() => [])];
    this.#plot?.destroy();
    this.#plot = new uPlot(this.#options(), this.#data, this.#place);
  }

  /** @returns requests per second by storage id */
  add({ at, groups }) {
    const storages = groups.flatMap((group) => group.storages);
    const rates = new Map(storages.map((storage) => [storage.id, this.#rate(storage, at)]));
    const [times, ...rows] = this.#data;
    times.push(at / 1000);
    for (const [index, row] of rows.entries()) {
      const storage = storages.find(({ id }) => id === this.#ids[index]);
      row.push(storage?.status === 'ACTIVE' ? rates.get(storage.id) : null);
    }
    while (times[0] < at / 1000 - WINDOW_SECONDS - 5) for (const row of this.#data) row.shift();
    this.#plot.setData(this.#data, false);
    this.#plot.setScale('x', { min: at / 1000 - WINDOW_SECONDS, max: at / 1000 });
    return rates;
  }

  /** Storages report every some seconds: until the next report the rate of the last one holds. */
  #rate({ id, requests, reportedAt }, at) {
    const last = this.#last.get(id);
    if (last && last.reportedAt === reportedAt) return last.rate;
    // Counters restart with their server.
    const known = last && at > last.at && requests >= last.requests;
    const rate = known ? (requests - last.requests) / ((at - last.at) / 1000) : 0;
    this.#last.set(id, { at, requests, reportedAt, rate });
    return rate;
  }

  #options() {
    // A canvas does not resolve `light-dark()`; an element does.
    const color = (name) => () => {
      this.#place.style.color = `var(${name})`;
      return getComputedStyle(this.#place).color;
    };
    const axis = {
      stroke: color('--muted'),
      font: '11px system-ui, sans-serif',
      ticks: { show: false },
      grid: { stroke: color('--line'), width: 1 },
    };
    return {
      width: this.#place.clientWidth,
      height: HEIGHT_PX,
      padding: [8, 18, 0, 0],
      legend: { show: false },
      cursor: { show: false },
      scales: { x: { time: true }, y: { range: (_plot, _min, max) => [0, Math.max(max * 1.1, 5)] } },
      axes: [
        { ...axis, size: 24, space: 70, values: (_plot, times) => times.map((time) => ago(time)) },
        { ...axis, size: 34, space: 30 },
      ],
      series: [
        {},
        ...this.#ids.map((_, index) => ({
          stroke: color(`--series-${(index % COLORS) + 1}`),
          width: 2,
          dash: index < COLORS ? undefined : [6, 4],
          points: { show: false },
        })),
      ],
    };
  }
}

function ago(time) {
  return new Date(time * 1000).toLocaleTimeString([], { minute: '2-digit', second: '2-digit' });
}
