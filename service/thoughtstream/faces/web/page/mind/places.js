// Six places for thoughts that can still be changed. Each keeps its thought until its time is over,
// and says what became of it. Nothing ever moves.

import { byId, h, says, tell } from '../drawing/elements.js';
import { count } from '../drawing/words.js';
import { fateOf, leftInWords } from './fate.js';
import { OpenList } from './open_list.js';
import { emptyRing, ring, setRing } from './ring.js';

const PLACES = 6;
const FATE_SHOWN_MS = 1200;

export class Places {
  chosen = null;
  #watch;
  #changes;
  #places = Array(PLACES).fill(null);
  #keys = Array(PLACES).fill(null);
  #list;

  constructor(watch, changes) {
    this.#watch = watch;
    this.#changes = changes;
    this.#list = new OpenList(changes);
    const items = this.#places.map(() => h('li'));
    byId('places').replaceChildren(...items);
    byId('more-open').addEventListener('click', () => this.#openList());
  }

  clear() {
    this.#places.fill(null);
    this.chosen = null;
  }

  draw(now) {
    const open = this.#watch.picture.open(now);
    this.#fill(open, now);
    this.#places.forEach((thought, i) => this.#drawPlace(i, thought, now));
    const shown = this.#places.filter(thought => thought && thought.encode_at > now).length;
    this.#drawMore(this.#watch.picture.interveningCount - shown, open.length - shown);
    this.#list.draw(now);
  }

  /** The next of those that can be changed, or the one before. */
  choose(step) {
    const now = this.#watch.clock.now();
    const open = this.#places.filter(thought => thought && !this.#changes.isShut(thought));
    const next = open.length ? (open.indexOf(this.chosen) + step + open.length) % open.length : 0;
    this.chosen = open.includes(this.chosen) || step > 0 ? (open[next] ?? null) : (open.at(-1) ?? null);
    this.draw(now);
  }

  /** What was chosen, as long as it can be changed. */
  target() {
    const isOpen = this.chosen && this.#places.includes(this.chosen) && !this.#changes.isShut(this.chosen);
    return isOpen ? this.chosen : null;
  }

  #fill(open, now) {
    const waiting = open
      .filter(thought => !this.#places.includes(thought))
      .sort((a, b) => b.score - a.score);
    this.#places.forEach((thought, i) => {
      if (!thought || thought.encode_at + FATE_SHOWN_MS < now) this.#places[i] = waiting.shift() ?? null;
    });
  }

  #drawPlace(i, thought, now) {
    const item = byId('places').children[i];
    const left = thought ? thought.encode_at - now : 0;
    const key = thought ? this.#keyOf(thought, left) : 'empty';
    if (key !== this.#keys[i]) {
      this.#keys[i] = key;
      const classes = [thought?.vetoed && 'vetoed', thought && thought === this.chosen && 'chosen'];
      item.className = classes.filter(Boolean).join(' ');
      item.replaceChildren(...(thought ? this.#parts(thought, left) : this.#empty(i)));
    }
    if (!thought) return;
    setRing(item, thought, now);
    const clock = item.querySelector('.left');
    if (clock) tell(clock, leftInWords(thought, now));
  }

  #keyOf(thought, left) {
    const { id, content, vetoed, memory } = thought;
    const shut = this.#changes.isShut(thought);
    return [id, left > 0, shut, vetoed, memory, thought === this.chosen, this.#changes.allowed, content].join('\n');
  }

  #parts(thought, left) {
    const said = [ring(thought), says(thought.content, 200)];
    if (left <= 0) return [...said, h('span.fate', fateOf(thought))];
    const actions = this.#changes.buttons(thought);
    return [...said, h('span.left'), actions.length > 0 && h('span.acts', ...actions)].filter(Boolean);
  }

  #empty(i) {
    const words = i === 0 ? 'A thought can be changed for five seconds after it is attended.' : '';
    return [emptyRing(), h('span.empty', words)];
  }

  #drawMore(more, known) {
    const button = byId('more-open');
    button.hidden = more <= 0 || known <= 0;
    tell(button, `and ${count(more)} more`);
    byId('open-hint').hidden = !button.hidden;
  }

  /** Everything that is open at this moment, in a list that stands still. */
  #openList() {
    const now = this.#watch.clock.now();
    this.#list.open(this.#watch.picture.open(now).sort((a, b) => b.score - a.score), now);
  }
}
