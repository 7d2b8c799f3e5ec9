// What a person may change: thoughts in their five seconds, memories, what was forgotten. Everything
// acts at once, says what came of it, and can be undone where the engine can.

import { byId, h } from '../drawing/elements.js';
import { toast } from '../frame/toast.js';
import { get, mindPath, patch, post, Problem, remove, segment } from './api.js';

export const SHUT_MS = 300;
const TAKE_BACK_SALIENCE = 0.6;
const TOO_LATE = 'Too late: its five seconds are over. It is in memory now.';

export class Changes {
  #watch;
  #undo = null;
  /** The thought that is being reframed: it stays where it is. */
  reframing = null;

  constructor(watch) {
    this.#watch = watch;
  }

  /** Whether there is anything to do at all: a token may be for looking only. */
  get allowed() {
    return this.#watch.scopes.has('intervene');
  }

  /** Whether a thought can't be changed any more. */
  isShut(thought) {
    const left = thought.encode_at - this.#watch.clock.now();
    return left < SHUT_MS || Boolean(thought.vetoed) || this.#watch.isAway;
  }

  buttons(thought, { keys = false } = {}) {
    if (!this.allowed) return [];
    const shut = this.isShut(thought);
    const button = (name, key, run) =>
      h(
        'button',
        { type: 'button', disabled: shut, onclick: run },
        name,
        h('span.sr', `: ${thought.content.slice(0, 200)}`),
        keys && h('kbd', { 'aria-hidden': 'true' }, key),
      );
    return [
      button('Veto', 'v', () => this.veto(thought)),
      button('Reframe', 'r', () => this.reframe(thought)),
      button('Boost', 'b', () => this.boost(thought)),
    ];
  }

  async veto(thought) {
    if (!(await this.#intervene(thought, { action: 'veto' }))) return;
    const back = () => this.#restore(thought);
    this.#done('Vetoed. It will not become memory.', back);
  }

  async boost(thought) {
    const before = thought.salience;
    if (!(await this.#intervene(thought, { action: 'boost', salience: 1 }))) return;
    const back = () => this.#again(thought, { action: 'boost', salience: before });
    this.#done('Boosted to 1.00.', Number.isFinite(before) ? back : null);
  }

  /** Asks for the new words. When its time is over meanwhile, they supersede its memory. */
  async reframe(thought) {
    this.reframing = thought;
    const content = await this.#askForWords(thought);
    this.reframing = null;
    if (content === null || content === thought.content) return;
    if (thought.encode_at <= this.#watch.clock.now()) return this.supersede(thought, content);
    const before = thought.content;
    if (!(await this.#intervene(thought, { action: 'reframe', content }, content))) return;
    const back = () => this.#again(thought, { action: 'reframe', content: before });
    this.#done('Reframed. The original stays with it.', back);
  }

  /** Another memory in the place of one. Without words, it asks for them. */
  async supersede(memory, words = null) {
    const content = words ?? (await this.#askForWords(memory, { isMemory: true }));
    if (content === null || content === memory.content) return;
    const path = mindPath(this.#watch.mind, 'memories', segment(memory.place ?? memory.id));
    if (!(await this.#tried(() => patch(path, { content })))) return;
    toast('Superseded. The old memory is among the forgotten.');
    this.#watch.memoryChanged(memory);
  }

  async forget(memory) {
    const path = mindPath(this.#watch.mind, 'memories', segment(memory.place ?? memory.id));
    const answer = await this.#tried(() => remove(path));
    if (!answer) return;
    this.#watch.memoryChanged(memory);
    const back = () => this.takeBack({ entry: answer.entry, content: memory.content });
    this.#done('Forgotten. It is not recalled any more.', back);
  }

  async takeBack(forgotten) {
    const path = mindPath(this.#watch.mind, 'forgotten', segment(forgotten.entry), 'take-back');
    const wasMemory = forgotten.threshold === 0 || forgotten.threshold === undefined;
    const answer = await this.#tried(() => post(path, { salience: TAKE_BACK_SALIENCE }));
    if (!answer) return;
    this.#watch.takenBack(forgotten);
    toast(wasMemory ? 'Taken back: it is a memory again.' : 'Taken back: it competes again, with 0.60.');
  }

  /** Takes the last change back, if it can be. */
  undo() {
    const back = this.#undo;
    this.#undo = null;
    if (back) back();
    else toast('There is nothing to undo.');
  }

  #done(text, back) {
    this.#undo = back;
    toast(text, back && { name: 'Undo', run: () => this.undo() });
  }

  async #restore(thought) {
    if (await this.#intervene(thought, { action: 'restore' })) toast('The veto is taken back.');
  }

  async #again(thought, body) {
    if (await this.#intervene(thought, body)) toast('As it was.');
  }

  async #intervene(thought, body, words = null) {
    const path = mindPath(this.#watch.mind, 'thoughts', segment(thought.id), 'interventions');
    try {
      await post(path, body);
    } catch (problem) {
      this.#refused(problem, thought, words);
      return false;
    }
    const { action, ...change } = body;
    this.#watch.picture.intervened({ id: thought.id, action, change });
    this.#watch.redraw();
    return true;
  }

  #refused(problem, thought, words) {
    if (!(problem instanceof Problem)) throw problem;
    if (problem.status !== 409 && problem.status !== 404) return toast(problem.message);
    const offer = { name: 'Supersede it', run: () => this.supersede(thought, words) };
    toast(thought.vetoed ? 'Too late: its five seconds are over.' : TOO_LATE, thought.vetoed ? null : offer);
  }

  async #tried(ask) {
    try {
      return (await ask()) ?? {};
    } catch (problem) {
      if (!(problem instanceof Problem)) throw problem;
      toast(problem.message);
      return null;
    }
  }

  /** The words that it should have; null: none. */
  async #askForWords(thing, { isMemory = false } = {}) {
    const dialog = byId('reframe');
    const field = byId('reframe-text');
    field.value = await this.#wholeOf(thing, isMemory);
    const name = () => {
      const left = isMemory ? 0 : (thing.encode_at - this.#watch.clock.now()) / 1000;
      byId('reframe-left').textContent = leftInWords(left, isMemory);
      byId('reframe-do').textContent = left > 0 ? 'Reframe' : 'Supersede';
      byId('reframe-title').textContent = left > 0 ? 'Reframe it' : 'Supersede it';
    };
    name();
    const timer = setInterval(name, 100);
    dialog.returnValue = '';
    dialog.showModal();
    field.select();
    await new Promise(closed => dialog.addEventListener('close', closed, { once: true }));
    clearInterval(timer);
    return dialog.returnValue === 'ok' && field.value.trim() ? field.value : null;
  }

  /** The whole text, where only its beginning is known here. */
  async #wholeOf(thing, isMemory) {
    if (!thing.truncated) return thing.content;
    const path = isMemory ? ['memories', segment(thing.place)] : ['intervening'];
    const found = await this.#tried(() => get(mindPath(this.#watch.mind, ...path)));
    const whole = Array.isArray(found) ? found.find(one => one.id === thing.id) : found;
    return whole?.content ?? thing.content;
  }
}

function leftInWords(seconds, isMemory) {
  if (isMemory) return 'A new memory takes its place; the old one is forgotten, and can be taken back.';
  if (seconds > 0) return `${seconds.toFixed(1)} s left. The original stays with it, as provenance.`;
  return 'Its five seconds are over. Saving now makes a new memory that supersedes it.';
}
