// All minds, as small multiples: those in trouble first. A page of them, and what changes on it.

import { curve } from '../drawing/canvas.js';
import { byId, h, isInUse, says, tell } from '../drawing/elements.js';
import { count, rate } from '../drawing/words.js';
import { mindAddress } from '../frame/routes.js';
import { get, withQuery } from '../known/api.js';

const SHOWN = 36;
const SHOWN_NARROW = 12;
const ASKED_FOR = 200; // in the order that is wished, and kept in it here while they change
const TYPING_MS = 180;
const CURVE_S = 30;
const FLAT = Array(CURVE_S).fill(0);

const byName = (a, b) => (a.name < b.name ? -1 : 1);
const busiest = (a, b) => (b.attended_per_s ?? 0) - (a.attended_per_s ?? 0) || byName(a, b);
const ORDERS = {
  trouble: (a, b) => Boolean(b.trouble) - Boolean(a.trouble) || busiest(a, b),
  busy: busiest,
  name: byName,
};

export class Minds {
  #watch;
  #items = [];
  #page = 0;
  #before = [];
  #after = '';
  #next = '';
  #curves = new Map();
  #timer = 0;
  #shown = false;
  #sorted = '';
  #drawn = [];

  constructor(watch) {
    this.#watch = watch;
    byId('minds-tools').addEventListener('submit', event => event.preventDefault());
    byId('minds-name').addEventListener('input', () => this.#later());
    byId('minds-sort').addEventListener('change', () => this.#first());
    byId('minds-previous').addEventListener('click', () => this.#back());
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
  changed({ items }) {
    if (!this.#shown) return;
    const tiles = new Map([...this.#items, ...items].map(tile => [tile.name, tile]));
    this.#items = [...tiles.values()];
    for (const { name, attended_per_s: perSecond } of this.#items) this.#note(name, perSecond);
    this.#sort();
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
    if ((this.#page + 1) * shownAtOnce() < this.#items.length) return this.#leaf(1);
    this.#before.push(this.#after);
    return this.#turn(this.#next);
  }

  #back() {
    return this.#page ? this.#leaf(-1) : this.#turn(this.#before.pop() ?? '');
  }

  #leaf(by) {
    this.#page += by;
    this.#draw({ always: true });
  }

  async #turn(after) {
    this.#after = after;
    this.#page = 0;
    const query = { q: byId('minds-name').value.trim(), sort: byId('minds-sort').value, after, limit: ASKED_FOR };
    try {
      const page = await get(withQuery('/v1/minds', query));
      this.#items = page.items;
      this.#next = page.next ? (new URL(page.next, location.href).searchParams.get('after') ?? '') : '';
      this.#sorted = '';
      tell(byId('minds-problem'), '');
      this.#draw({ always: true });
    } catch (problem) {
      tell(byId('minds-problem'), problem.message);
    }
    if (this.#shown) this.#watch.openMinds(query);
  }

  /** Anew when it is another order, or others are in trouble: else tiles would move all the time. */
  #sort() {
    const by = byId('minds-sort').value;
    const troubled = this.#items.filter(tile => tile.trouble).map(tile => tile.name);
    const key = [by, this.#items.length, ...troubled].join('\n');
    if (key === this.#sorted) return;
    this.#sorted = key;
    this.#items.sort(ORDERS[by]);
  }

  #draw({ always = false } = {}) {
    const { length } = this.#items;
    const first = this.#page * shownAtOnce();
    const shown = this.#items.slice(first, first + shownAtOnce());
    const troubled = this.#items.filter(tile => tile.trouble).length;
    const isLast = first + shown.length >= length;
    const all = `${count(length)}${this.#next || this.#after ? ' of more' : ''}`;
    tell(byId('minds-count'), `${all}${troubled ? `, ${count(troubled)} in trouble` : ''}`);
    byId('minds-previous').disabled = !this.#after && !this.#page;
    byId('minds-next').disabled = isLast && !this.#next;
    if (always || !isInUse(byId('tiles'))) this.#place(shown);
    for (const { name, link } of this.#drawn) link.replaceChildren(...this.#parts(this.#items.find(tile => tile.name === name)));
  }

  /** Which tile is where changes only when nobody is about to press one; what it says, always. */
  #place(shown) {
    const names = shown.map(tile => tile.name);
    if (names.length && names.join('\n') === this.#drawn.map(tile => tile.name).join('\n')) return;
    this.#drawn = names.map(name => ({ name, link: h('a', { href: mindAddress(name) }) }));
    const none = h('li.none', byId('minds-name').value ? 'No mind has such a name.' : 'There is no mind yet.');
    byId('tiles').replaceChildren(...(names.length ? this.#drawn.map(({ link }) => h('li', link)) : [none]));
  }

  #parts(tile) {
    const { name, trouble, attended_per_s: perSecond = 0, last } = tile;
    const values = this.#curves.get(name) ?? FLAT;
    const canvas = h('canvas', { 'aria-hidden': 'true' });
    requestAnimationFrame(() => canvas.isConnected && curve(canvas, values, trouble ? 'bad' : 'ink-2'));
    const state = trouble ? h('span.bad', { title: trouble.detail }, `✗ ${trouble.what.replaceAll('_', ' ')}`) : h('span.n', rate(perSecond));
    const said = last === undefined ? '' : (last?.content ?? 'nothing, so far'); // not known yet, or nothing
    return [h('span.top', h('bdi', name), state), canvas, says(said || '\u00a0', 120)];
  }

  #note(name, perSecond = 0) {
    this.#curves.set(name, [...(this.#curves.get(name) ?? FLAT), perSecond].slice(-CURVE_S));
  }
}

const shownAtOnce = () => (innerWidth < 900 ? SHOWN_NARROW : SHOWN);
