// Whether what is shown is now, and if not, why, since when, and what to do.

import { byId, h, tell } from '../drawing/elements.js';
import { clockTime, count, span } from '../drawing/words.js';

const CONNECTING_MS = 400;
const GRAVEST_FIRST = ['redis', 'nobody_attends', 'full', 'fault', 'ledger', 'slow'];
const RED = new Set(['redis', 'fault', 'ledger']);

const HEADLINES = {
  redis: 'Redis does not answer.',
  full: 'Redis is full.',
  nobody_attends: 'Nobody attends.',
  fault: 'Something foreign is in this mind’s keys.',
  ledger: 'Thoughts are missing from the books.',
  slow: 'Attention is slow.',
};

const CONSEQUENCES = {
  redis: 'Thoughts wait in their windows; what is on its way may be lost as far as the mind’s durability allows. Trying again every second.',
  full: 'New thoughts are refused; attention and memory go on.',
  nobody_attends: 'Thoughts wait in their windows.',
};

export class Status {
  troubles = new Map();
  connection = { is: 'connecting', tries: 0 };
  held = false;
  came = 0;
  #connectingSince = Date.now();
  #awaySince = 0;

  /** Since when Redis is away or nobody answers, by this machine's clock; 0: it is there. */
  get awaySince() {
    return this.#awaySince;
  }

  /** Returns what to say of a recovery, if it is one. */
  connected(connection) {
    if (connection.is === 'connecting' && this.connection.is !== 'connecting')
      this.#connectingSince = Date.now();
    if (connection.is === 'live') this.troubles.delete('unreachable');
    else if (isRedisAway(connection.problem)) this.trouble({ what: 'redis', detail: '' });
    this.connection = connection;
    return this.#settle();
  }

  trouble({ what, since_ms, detail, cure }) {
    const since = since_ms ?? this.troubles.get(what)?.since ?? Date.now();
    this.troubles.set(what, { what, since, detail, cure });
    return this.#settle();
  }

  recovered({ what }) {
    this.troubles.delete(what);
    return this.#settle();
  }

  clear() {
    this.troubles.clear();
    this.came = 0;
  }

  #settle() {
    const { is, problem } = this.connection;
    const away = this.troubles.has('redis') || (is === 'lost' && !isCrowded(problem));
    const was = this.#awaySince;
    this.#awaySince = away ? was || Date.now() : is === 'connecting' ? was : 0;
    this.draw();
    return was && !this.#awaySince ? `It is back, after ${span(Date.now() - was)}. Going on where it was.` : '';
  }

  draw() {
    const [words, state] = this.#live();
    const live = byId('live');
    if (live.className !== `live ${state}`) live.className = `live ${state}`;
    tell(live, words);
    document.body.classList.toggle('off-air', this.#awaySince > 0);
    const hold = byId('hold');
    hold.setAttribute('aria-pressed', String(this.held));
    tell(byId('came'), this.held && this.came ? ` ${count(this.came)}` : '');
    this.#banner();
  }

  #live() {
    if (this.troubles.has('redis')) return ['Redis is away', 'off'];
    const { is, tries, problem } = this.connection;
    if (is === 'live') return this.held ? ['Held', 'held'] : ['Live', 'on'];
    if (isCrowded(problem)) return ['A look each 5 s', 'held'];
    if (tries) return [`Reconnecting (${tries})`, 'off'];
    return Date.now() - this.#connectingSince > CONNECTING_MS ? ['Connecting …', 'off'] : ['', 'off'];
  }

  #banner() {
    const banner = byId('banner');
    const isLost = this.#awaySince && !this.troubles.has('redis'); // what was heard before is old news
    const trouble = isLost ? null : GRAVEST_FIRST.map(what => this.troubles.get(what)).find(Boolean);
    const parts = trouble ? this.#inWords(trouble) : this.#connectionInWords();
    const text = parts.map(part => part.textContent ?? part).join('');
    if (banner.hidden === !parts.length && banner.textContent === text) return;
    banner.hidden = !parts.length;
    banner.className = trouble && !RED.has(trouble.what) ? 'banner amber' : 'banner';
    banner.replaceChildren(...parts);
  }

  #inWords({ what, since, detail, cure }) {
    const when = what === 'redis' && this.#awaySince ? `Frozen at ${clockTime(this.#awaySince)}` : `Since ${clockTime(since)}`;
    const follows = CONSEQUENCES[what];
    return [
      h('b', `${sign(what)} ${HEADLINES[what] ?? `${what}.`} `),
      follows ? [`${when}. ${follows}`, detail && `(${detail}.)`].filter(Boolean).join(' ') : `${[when, detail].filter(Boolean).join(': ')}.`,
      ...(cure ? [' What to do: ', ...withCode(cure), '.'] : []),
    ];
  }

  #connectionInWords() {
    const { is, problem, tries } = this.connection;
    if (is === 'live' || !tries) return [];
    if (isCrowded(problem)) return [h('b', 'Too many watch at once. '), 'This page looks every five seconds until there is room.'];
    if (!this.#awaySince) return [];
    return [h('b', '✗ The connection is lost. '), `Frozen at ${clockTime(this.#awaySince)}. What is missed is fetched when it is back.`];
  }
}

const sign = what => (RED.has(what) ? '✗' : '!');

export const isCrowded = problem => problem?.status === 503 && problem.kind === 'too-many-watchers';

const isRedisAway = problem => problem?.status === 503 && problem.kind === 'redis-unavailable';

/** Text with `code` between backticks as code. */
export function withCode(text) {
  return String(text)
    .split(/`([^`]*)`/)
    .map((part, i) => (i % 2 ? h('code', part) : part));
}
