// What was forgotten, how strong it was, and the way back.

import { windowClass } from '../drawing/colours.js';
import { byId, h, isInUse, says, shortened, tell } from '../drawing/elements.js';
import { age, count, score } from '../drawing/words.js';

const SHOWN = 5;
const SHOWN_NARROW = 4;

export class Forgotten {
  #watch;
  #changes;
  #drawn = '';

  constructor(watch, changes) {
    this.#watch = watch;
    this.#changes = changes;
  }

  /** Another mind: nothing of the one before stays, also under the pointer. */
  clear() {
    this.#drawn = '';
    byId('forgotten').replaceChildren();
  }

  draw({ always = false } = {}) {
    const { picture } = this.#watch;
    const more = picture.more ? ` · and ${count(picture.more)} more` : '';
    tell(byId('forgotten-why'), `under ${picture.threshold.toFixed(2)}, after the contest${more}`);
    const list = byId('forgotten');
    if (!always && isInUse(list)) return; // a button that is replaced under the pointer is never pressed
    const now = this.#watch.clock.now();
    const shown = picture.forgotten.slice(0, innerWidth < 900 ? SHOWN_NARROW : SHOWN);
    const state = `${this.#changes.allowed} ${this.#watch.isAway}`;
    const key = [state, ...shown.map(one => `${one.entry} ${age(now - one.forgotten_at)}`)].join('\n');
    if (!always && key === this.#drawn) return;
    this.#drawn = key;
    const none = h('li.none', 'Nothing was forgotten yet.');
    const hadFocus = list.contains(document.activeElement);
    list.replaceChildren(...(shown.length ? shown.map(one => this.#row(one, now)) : [none]));
    if (hadFocus) list.querySelector('button')?.focus();
  }

  #row(forgotten, now) {
    const wasMemory = forgotten.threshold === 0;
    const strength = wasMemory ? 'a memory' : score(forgotten.score);
    return h(
      'li',
      says(forgotten.content, 200),
      h('small', h(`span.${windowClass(forgotten.window)}`, strength), ` · ${age(now - forgotten.forgotten_at)}`),
      this.#changes.allowed && this.#button(forgotten),
    );
  }

  #button(forgotten) {
    const label = `Take back: ${shortened(forgotten.content, 200)}`;
    const attributes = { type: 'button', 'aria-label': label, disabled: this.#watch.isAway };
    return h('button', { ...attributes, onclick: () => this.#changes.takeBack(forgotten) }, 'Take back');
  }
}
