// Memory as sediment: a column for each slice of the mind's life, a grain for each memory. A search
// lights up the grains that answer: one sees when it knew.

import { sheet } from '../drawing/canvas.js';
import { hueOf, palette } from '../drawing/colours.js';
import { byId, tell } from '../drawing/elements.js';
import { count } from '../drawing/words.js';
import { get, mindPath, withQuery } from '../known/api.js';
import { memoryOf } from '../known/picture.js';

const PAGE = 200;
const MOST_GRAINS = 2000; // the newest: more would be read for grains thinner than a pixel
const COLUMN_PX = 3;

export class Sediment {
  #watch;
  #grains = new Map();
  #lit = null; // those that answer, by place: some may be older than all grains
  #isCut = false;

  constructor(watch) {
    this.#watch = watch;
  }

  /** Reads the memories of another mind, page after page. */
  async load() {
    this.#grains.clear();
    this.#lit = null;
    this.#isCut = false;
    const { mind } = this.#watch;
    let next = withQuery(mindPath(mind, 'memories'), { limit: PAGE });
    while (next && this.#grains.size < MOST_GRAINS) {
      const page = await get(next).catch(() => null);
      if (!page || this.#watch.mind !== mind) return;
      page.items.map(memoryOf).forEach(memory => this.add(memory));
      this.draw();
      next = page.items.length ? page.next : null;
    }
    this.#isCut = Boolean(next);
  }

  add({ place, at, window }) {
    if (Number.isFinite(at)) this.#grains.set(place, { place, at, window });
  }

  drop(place) {
    this.#grains.delete(place);
  }

  /** Those that answer; null: nobody asks. */
  light(memories) {
    this.#lit = memories && new Map(memories.map(memory => [memory.place, memory]));
    this.draw();
  }

  draw() {
    const canvas = byId('sediment');
    const [context, width, height] = sheet(canvas);
    context.fillStyle = palette.line;
    context.fillRect(0, height - 1, width, 1);
    const columns = this.#columns(width);
    const tall = grainHeight(columns, height);
    for (const [x, grains] of columns)
      grains.forEach((grain, i) => {
        const lit = !this.#lit || this.#lit.has(grain.place);
        context.globalAlpha = lit ? (this.#lit ? 1 : 0.75) : 0.13;
        context.fillStyle = palette[hueOf(grain.window)] ?? palette['ink-3'];
        context.fillRect(x * COLUMN_PX, height - 2 - (i + 1) * tall, 2, Math.max(tall - 0.5, 1));
      });
    context.globalAlpha = 1;
    canvas.setAttribute('aria-label', this.#inWords());
    byId('sediment-about').hidden = !this.#isCut;
    tell(byId('sediment-about'), this.#isCut ? this.#share() : '');
  }

  #columns(width) {
    const grains = [...new Map([...this.#grains, ...(this.#lit ?? [])]).values()]
      .filter(grain => Number.isFinite(grain.at))
      .sort((a, b) => a.at - b.at);
    const columns = new Map();
    if (!grains.length) return columns;
    const first = grains[0].at;
    const span = Math.max(this.#watch.clock.now() - first, 1);
    const last = Math.floor(width / COLUMN_PX) - 1;
    for (const grain of grains) {
      const x = Math.max(0, Math.min(Math.floor(((grain.at - first) / span) * last), last));
      if (!columns.has(x)) columns.set(x, []);
      columns.get(x).push(grain);
    }
    return columns;
  }

  #inWords() {
    const which = this.#isCut ? `The ${this.#share()}` : count(this.#grains.size);
    const shown = `${which} memories by the time they were made`;
    return this.#lit ? `${shown}; ${count(this.#lit.size)} of them answer` : shown;
  }

  #share() {
    const counts = Object.values(this.#watch.picture.state?.memory_counts ?? {});
    return `newest ${count(this.#grains.size)} of ${count(counts.reduce((all, one) => all + one, 0))}`;
  }
}

/** So high that all but the very highest columns fit. */
function grainHeight(columns, height) {
  const sizes = [...columns.values()].map(grains => grains.length).sort((a, b) => a - b);
  const high = sizes[Math.floor(sizes.length * 0.97)] ?? 1;
  return Math.max(1.5, Math.min(5, (height - 4) / high));
}
