// Another mind, by typing a part of its name.

import { byId, h } from '../drawing/elements.js';
import { get, withQuery } from '../known/api.js';
import { mindAddress } from './routes.js';

const SHOWN = 12;
const TYPING_MS = 120;

export class Picker {
  #timer = 0;

  constructor() {
    byId('picker-name').addEventListener('input', () => this.#later());
    byId('picker-form').addEventListener('submit', event => this.#first(event));
    byId('picker-names').addEventListener('click', () => byId('picker').close());
  }

  open() {
    byId('picker-name').value = '';
    byId('picker').showModal();
    this.#find();
  }

  #later() {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.#find(), TYPING_MS);
  }

  async #find() {
    const query = { q: byId('picker-name').value.trim(), limit: SHOWN };
    const page = await get(withQuery('/v1/minds', query)).catch(problem => ({ items: [], problem }));
    const rows = page.items.map(({ name }) => h('li', h('a', { href: mindAddress(name) }, h('bdi', name))));
    const none = h('li.none', page.problem?.message ?? 'No mind has such a name.');
    byId('picker-names').replaceChildren(...(rows.length ? rows : [none]));
  }

  /** Enter takes the first of them. */
  #first(event) {
    if (event.submitter) return; // the button closes
    event.preventDefault();
    const first = byId('picker-names').querySelector('a');
    if (!first) return;
    location.hash = first.hash;
    byId('picker').close();
  }
}
