// Memory: the newest, or what answers a question; each opens to show where it came from.

import { windowClass } from '../drawing/colours.js';
import { byId, h, isInUse, says, shortened, tell } from '../drawing/elements.js';
import { age, count, dayAndTime, score } from '../drawing/words.js';
import { get, mindPath, segment, withQuery } from '../known/api.js';
import { memoryOf } from '../known/picture.js';

const NEWEST = 4;
const ASKED_FOR = 50;
const BEST = 5;
const TYPING_MS = 180;
const SHOWN = 400; // characters of one row
const CUT = 0.05; // what has no word of the question, and less than this share of the best score, only stood beside

export class Memory {
  #watch;
  #changes;
  #sediment;
  #found = null;
  #asking = null;
  #timer = 0;
  #open = null;
  #drawn = '';

  constructor(watch, changes, sediment) {
    this.#watch = watch;
    this.#changes = changes;
    this.#sediment = sediment;
    byId('question').addEventListener('input', () => this.#typed());
    byId('search').addEventListener('submit', event => {
      event.preventDefault();
      this.ask();
    });
  }

  /** Another mind: nothing of the one before stays, also under the pointer. */
  clear() {
    byId('question').value = '';
    byId('memories').replaceChildren();
    this.#found = null;
    this.#open = null;
    this.#drawn = '';
  }

  #typed() {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.ask(), TYPING_MS);
  }

  /** Asks what stands in the field; nothing there: the newest again. */
  async ask() {
    clearTimeout(this.#timer);
    this.#asking?.abort();
    const question = byId('question').value.trim();
    if (!question) return this.#show(null);
    this.#asking = new AbortController();
    const { mind } = this.#watch;
    const path = withQuery(mindPath(mind, 'memories'), { q: question, limit: ASKED_FOR });
    try {
      const page = await get(path, { signal: this.#asking.signal });
      if (mind !== this.#watch.mind) return;
      this.#show({ question, memories: answering(question, page.items.map(memoryOf)) });
    } catch (problem) {
      if (problem.name !== 'AbortError') this.#show({ question, memories: [], problem });
    }
  }

  #show(found) {
    this.#found = found;
    this.#open = null;
    this.#sediment.light(found && found.memories);
    this.draw({ always: true });
    tell(byId('answer'), found ? `${count(found.memories.length)} memories answer` : '');
  }

  /** A memory was forgotten or superseded: it is not shown any more. */
  drop(memory) {
    this.#open = null;
    this.#sediment.drop(memory.place);
    if (this.#found) this.ask();
    else this.draw({ always: true });
  }

  draw({ always = false } = {}) {
    this.#drawCounts();
    const list = byId('memories');
    if (!always && (this.#open || isInUse(list))) return;
    const now = this.#watch.clock.now();
    const shown = this.#shown();
    const key = shown.map(memory => `${memory.place} ${age(now - memory.at)}`).join('\n');
    if (!always && key === this.#drawn) return;
    this.#drawn = key;
    list.replaceChildren(...(shown.length ? shown.map(memory => this.#row(memory, now)) : [this.#none()]));
  }

  #shown() {
    if (!this.#found) return this.#watch.picture.memories.slice(0, NEWEST);
    const contents = new Set();
    const isNew = ({ content }) => !contents.has(content) && contents.add(content);
    return this.#found.memories.filter(isNew).slice(0, BEST);
  }

  #drawCounts() {
    const counts = Object.entries(this.#watch.picture.state?.memory_counts ?? {});
    tell(byId('memory-counts'), counts.map(([kind, number]) => `${count(number)} ${kind}`).join(' · '));
  }

  #none() {
    const problem = this.#found?.problem;
    if (problem) return h('li.none', `It can't be asked now: ${problem.message}`);
    if (this.#found) return h('li.none', 'No memory answers that. What was forgotten is not searched.');
    return h('li.none', 'No memories yet. What is attended becomes one after five seconds.');
  }

  #row(memory, now) {
    const words = this.#found ? wordsOf(this.#found.question) : [];
    const opens = { type: 'button', 'aria-expanded': 'false', onclick: event => this.#toggle(event, memory) };
    const text = says(memory.content, SHOWN, ...marked(shortened(memory.content, SHOWN), words));
    return h(
      'li',
      h('time', age(now - memory.at)),
      h('button.opens', opens, text),
      h('small', h(`span.${windowClass(memory.window)}`, memory.window), ` · ${memory.kind}`),
    );
  }

  async #toggle(event, memory) {
    const button = event.currentTarget;
    const item = button.closest('li');
    const wasOpen = button.getAttribute('aria-expanded') === 'true';
    byId('memories').querySelectorAll('.details').forEach(details => details.remove());
    byId('memories').querySelectorAll('.opens').forEach(other => other.setAttribute('aria-expanded', 'false'));
    this.#open = wasOpen ? null : memory;
    if (wasOpen) return;
    button.setAttribute('aria-expanded', 'true');
    const whole = await get(mindPath(this.#watch.mind, 'memories', segment(memory.place))).catch(() => null);
    if (this.#open === memory) item.append(this.#details(whole ? memoryOf(whole) : memory, memory.share));
  }

  #details(memory, found) {
    const facts = factsOf(memory, found).map(([name, said]) => [h('dt', name), h('dd', said)]);
    const actions = [
      h('button', { type: 'button', onclick: () => this.#changes.supersede(memory) }, 'Supersede'),
      h('button', { type: 'button', onclick: () => this.#changes.forget(memory) }, 'Forget'),
    ];
    const mayChange = this.#changes.allowed && !this.#watch.isAway;
    return h(
      'div.details',
      memory.content.length > SHOWN && h('p', h('span.says.whole', { dir: 'auto' }, memory.content)),
      h('dl', ...facts.flat()),
      mayChange && h('p.acts', ...actions),
    );
  }
}

/** What is known of where it came from: [name, in words]. */
function factsOf(memory, found) {
  const provenance = memory.provenance ?? {};
  const asked = Object.entries(provenance.by ?? {}).map(([what, who]) => `${what}: ${who}`);
  const facts = [
    ['attended', dayAndTime(memory.at)],
    ['contest', memory.fields.score && score(memory.fields.score)],
    ['answers', found !== undefined && (found === 1 ? 'best' : `${Math.round(100 * found)}% as well as the best`)],
    ['salience', score(memory.salience)],
    ['source', memory.fields.source],
    ['speaker', memory.speaker],
    ['strength', provenance.strength > 1 && `${provenance.strength.toFixed(2)}, by replays`],
    ['replayed', provenance.replayed_at && dayAndTime(provenance.replayed_at)],
    ['merged from', shortened(provenance.merged_from?.join(', '), 300)],
    ['distilled from', shortened(provenance.distilled_from?.join(', '), 300)],
    ['supersedes', provenance.supersedes],
    ['recalled from', provenance.recalled],
    ['originally', shortened(provenance.original?.content, 400)],
    ['changed by', asked.join(', ')],
    ['place', memory.place],
  ];
  return facts.filter(([, said]) => said);
}

/** What answers, each with its share of the best score. */
function answering(question, memories) {
  const best = Math.max(...memories.map(memory => memory.score)) || 1;
  const words = wordsOf(question);
  const has = memory => wordsIn(memory.content).some(part => isHit(part, words));
  const shares = memories.map(memory => ({ ...memory, share: memory.score / best }));
  return shares.filter(memory => memory.share >= CUT || has(memory));
}

const SAYS_LITTLE = /^(.{1,2}|and|are|did|does|for|has|how|the|was|were|what|when|where|who|why|with)$/u;

function wordsOf(question) {
  return [...new Set(wordsIn(question.toLowerCase()))].filter(word => !SAYS_LITTLE.test(word)).map(stem);
}

const wordsIn = text => text.match(/[\p{L}\p{N}]+/gu) ?? [];

const isHit = (part, words) => words.some(word => part.toLowerCase().startsWith(word));

const stem = word => (word.length > 4 ? word.replace(/(ing|ies|es|s)$/, '') : word);

/** The text, with the words that begin as one of these marked. */
function marked(text, words) {
  if (!words.length) return [text];
  return text.split(/([\p{L}\p{N}]+)/u).map(part => (isHit(part, words) ? h('mark', part) : part));
}
