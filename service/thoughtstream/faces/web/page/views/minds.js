// All minds, as small multiples: those in trouble first. A page of them, and what changes on it.

import { curve } from '../drawing/canvas.js';
import { byId, h, isInUse, says, tell } from '../drawing/elements.js';
import { count, rate } from '../drawing/words.js';
import { mindAddress } from '../frame/routes.js';
import { get, withQuery } from '../known/api.js';

const PAGE = 36;
const PAGE_NARROW = 12;
const TYPING_MS = 180;
const CURVE_S = 30;

export class Minds {
  #watch;
  #items = [];
  #before = [];
  #after = '';
  #next = '';
  #curves = new Map();
  #timer = 0;
  #shown = false;

  constructor(watch) {
    this.#watch = watch;
    byId('minds-tools').addEventListener('submit', event => event.preventDefault());
    byId('minds-name').addEventListener('input', () => this.#later());
    byId('minds-sort').addEventListener('change', () => this.#first());
    byId('minds-previous').addEventListener('click', () => this.#turn(this.#before.pop() ?? ''));
    byId('minds-next').addEventListener('click', () => this.#forward());
  }

  async show() {
    this.#shown = true;
    await this.#turn(this.#after);
  }

  hide() {
    this.#shown = false;
  }

  /** Tiles that have changed, as the stream says. */
  changed(data) {
    if (!this.#shown) return;
    const tiles = new Map((data.items ?? data).map(tile => [tile.name, tile]));
    this.#items = this.#items.map(tile => ({ ...tile, ...tiles.get(tile.name) }));
    this.#draw();
  }

  #later() {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.#first(), TYPING_MS);
  }

  #first() {
    this.#before = [];
    return this.#turn('');
  }

  #forward() {
    this.#before.push(this.#after);
    return this.#turn(this.#next);
  }

  #query(after) {
    return {
      q: byId('minds-name').value.trim(),
      sort: byId('minds-sort').value,
      after,
      limit: innerWidth < 900 ? PAGE_NARROW : PAGE,
    };
  }

  async #turn(after) {
    this.#after = after;
    const query = this.#query(after);
    try {
      const page = await get(withQuery('/v1/minds', query));
      this.#items = page.items;
      this.#next = page.next ? (new URL(page.next, location.href).searchParams.get('after') ?? '') : '';
      tell(byId('minds-problem'), '');
      this.#draw({ always: true });
    } catch (problem) {
      tell(byId('minds-problem'), problem.message);
    }
    if (this.#shown) this.#watch.openMinds(query);
  }

  #draw({ always = false } = {}) {
    const { length } = this.#items;
    const troubled = this.#items.filter(tile => tile.trouble).length;
    tell(byId('minds-count'), `${count(length)} shown${troubled ? `, ${count(troubled)} in trouble` : ''}`);
    byId('minds-previous').disabled = !this.#after;
    byId('minds-next').disabled = !this.#next;
    if (!always && isInUse(byId('tiles'))) return;
    const none = h('li.none', byId('minds-name').value ? 'No mind has such a name.' : 'There is no mind yet.');
    byId('tiles').replaceChildren(...(length ? this.#items.map(tile => this.#tile(tile)) : [none]));
  }

  #tile(tile) {
    const { name, trouble, attended_per_s: perSecond = 0, last } = tile;
    const values = this.#curveOf(name, perSecond);
    const canvas = h('canvas', { 'aria-hidden': 'true' });
    requestAnimationFrame(() => canvas.isConnected && curve(canvas, values, trouble ? 'bad' : 'ink-2'));
    const state = trouble ? h('span.bad', `✗ ${trouble.what ?? trouble}`) : h('span.n', rate(perSecond));
    const content = last?.content ?? last ?? '';
    return h(
      'li',
      h('a', { href: mindAddress(name) }, h('span.top', h('bdi', name), state), canvas, says(content || 'nothing, so far', 120)),
    );
  }

  #curveOf(name, perSecond) {
    const values = [...(this.#curves.get(name) ?? Array(CURVE_S - 1).fill(0)), perSecond].slice(-CURVE_S);
    this.#curves.set(name, values);
    return values;
  }
}
