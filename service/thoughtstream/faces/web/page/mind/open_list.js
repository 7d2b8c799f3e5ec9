// All that could be changed when the list was opened. It stands still: each row says how long it can
// be changed, then what became of it.

import { byId, h, says, shortened, tell } from '../drawing/elements.js';
import { leftInWords } from './fate.js';

const SHOWN = 200; // characters

export class OpenList {
  #changes;
  #rows = [];

  constructor(changes) {
    this.#changes = changes;
  }

  open(thoughts, now) {
    this.#rows = thoughts.map(thought => ({ thought, item: this.#item(thought) }));
    byId('open-list').replaceChildren(...this.#rows.map(row => row.item));
    this.draw(now);
    byId('all-open').showModal();
  }

  draw(now) {
    for (const { thought, item } of this.#rows) {
      item.className = thought.vetoed ? 'vetoed' : '';
      tell(item.querySelector('.says'), shortened(thought.content, SHOWN));
      tell(item.querySelector('.left'), leftInWords(thought, now));
      const shut = this.#changes.isShut(thought);
      for (const button of item.querySelectorAll('button')) button.disabled = shut;
    }
  }

  #item(thought) {
    return h('li', says(thought.content, SHOWN), h('span.left'), h('span.acts', ...this.#changes.buttons(thought)));
  }
}
