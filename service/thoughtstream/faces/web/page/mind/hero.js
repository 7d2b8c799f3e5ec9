// The thought that is attended now, held long enough to be read.

import { windowClass } from '../drawing/colours.js';
import { byId, h, says } from '../drawing/elements.js';
import { count, score } from '../drawing/words.js';
import { ring, setRing } from './ring.js';

const DWELL_MS = 1400;
const SPOKEN_EVERY_MS = 5000;

export class Hero {
  thought = null;
  #watch;
  #changes;
  #waiting = [];
  #since = 0;
  #shownAt = 0;
  #spokenAt = 0;
  #drawn = '';

  constructor(watch, changes) {
    this.#watch = watch;
    this.#changes = changes;
  }

  /** Another mind: nothing of the one before stays. */
  clear() {
    this.thought = null;
    byId('now').replaceChildren();
    this.#waiting = [];
    this.#since = 0;
    this.#shownAt = 0;
    this.#drawn = '';
  }

  /** The strongest of those that came meanwhile is next, unless somebody is busy with this one. */
  choose(now) {
    this.#waiting.push(...this.#watch.picture.takeArrived());
    const { latest } = this.#watch.picture;
    if (latest && !this.thought && !this.#waiting.length) this.#waiting.push(latest);
    if (!this.#waiting.length || Date.now() - this.#shownAt < DWELL_MS || this.#isBusy(now)) return;
    this.thought = this.#waiting.reduce((best, one) => (one.score > best.score ? one : best));
    this.#since = this.#waiting.length - 1;
    this.#waiting = [];
    this.#shownAt = Date.now();
  }

  #isBusy(now) {
    if (!this.thought || this.thought.encode_at <= now) return false;
    const actions = byId('now').querySelector('.acts');
    return this.#changes.reframing === this.thought || Boolean(actions?.matches(':focus-within, :hover'));
  }

  /** Draws what has changed. */
  draw(now) {
    const { thought } = this;
    const shut = thought && this.#changes.isShut(thought);
    const key = thought && [thought.id, thought.content, thought.vetoed, shut, this.#since, this.#changes.allowed].join('\n');
    if (key !== this.#drawn) {
      this.#drawn = key;
      byId('now').replaceChildren(...(thought ? this.#parts() : this.#nothing()));
      this.#speak(now);
    }
    if (thought) setRing(byId('now'), thought, now);
  }

  #parts() {
    const { thought } = this;
    return [
      h('p', { class: thought.vetoed ? 'sentence struck' : 'sentence' }, says(thought.content, 600)),
      h('p.meta', h(`span.${windowClass(thought.window)}`, thought.window), this.#meta()),
      h('div.acts', ring(thought), ...this.#changes.buttons(thought, { keys: true })),
    ];
  }

  #meta() {
    const { score: value, lead, rivals, vetoed } = this.thought;
    const said = [score(value)];
    if (rivals > 0)
      said.push(`ahead of ${count(rivals)} ${rivals > 1 ? 'others' : 'other'} by ${score(lead)}`);
    else if (rivals === 0) said.push('nothing else competed');
    if (this.#since) said.push(`and ${count(this.#since)} more since`);
    if (vetoed) said.push('vetoed');
    return ` · ${said.join(' · ')}`;
  }

  #nothing() {
    const command = `thoughtstream think "the kettle is on" --mind ${this.#watch.mind}`;
    return [
      h('p.sentence', h('span.says', 'nothing, so far')),
      h('p.meta', 'Give it a thought: ', h('code', command)),
    ];
  }

  #speak(now) {
    if (!this.thought || now - this.#spokenAt < SPOKEN_EVERY_MS) return;
    this.#spokenAt = now;
    const { content, window } = this.thought;
    byId('spoken').textContent = `Attends to: ${content.slice(0, 300)}, from ${window}`;
  }
}
