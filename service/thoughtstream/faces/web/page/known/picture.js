// What is known of the mind that is watched: made from its state and its events, drawn by others.

export const SPAN_MS = 30_000;
const KEPT_MS = SPAN_MS + 2000;
const MOST_FORGOTTEN = 40;
const MOST_MEMORIES = 40;
const MINUTE_S = 60;

/** A thought is one object, whoever shows it: `fate` is competing, attended, forgotten or gone;
 * `vetoed`; `memory`, the kind that it became. */
export class Picture {
  mind;
  state = null;
  settings = { ttl_ms: 5000, threshold: 0.3, cycle_target_ms: 50 };
  thoughts = new Map();
  latest = null; // that was attended, however long ago
  forgotten = [];
  memories = [];
  arrived = [];
  more = 0;
  #gaps = [];
  #perSecond = new Map();
  #path = null; // as long as nothing was attended: it is drawn thirty times a second

  constructor(mind) {
    this.mind = mind;
  }

  get threshold() {
    return this.state?.threshold ?? this.settings.threshold;
  }

  /** Those attended, the oldest first. */
  get path() {
    this.#path ??= [...this.thoughts.values()]
      .filter(thought => thought.fate === 'attended')
      .sort((a, b) => a.attended_at - b.attended_at);
    return this.#path;
  }

  /** Those that can still be changed at this moment. */
  open(now) {
    return this.path.filter(thought => thought.encode_at > now);
  }

  get interveningCount() {
    const said = this.state?.intervening ?? 0;
    return Array.isArray(said) ? said.length : said;
  }

  /** What a look says: the whole state, or the event `state`. */
  look(state) {
    const isFirst = !this.state;
    this.state = { ...this.state, ...state };
    for (const candidate of state.contest ?? []) this.#compete(candidate);
    this.#endCompeting(state);
    const known = [...listOf(state.attended), ...listOf(state.intervening)].reverse();
    const isNews = attended => attended.attended_at > state.now_ms - KEPT_MS; // else it was let go
    for (const attended of known)
      if ((isFirst || isNews(attended)) && !this.#isAttended(attended.id)) this.#attend(attended);
    if (isFirst) this.arrived = []; // they are not news
    if (state.forgotten) this.#updateForgotten(state.forgotten);
    if (state.memories) this.#updateMemories(state.memories.map(memoryOf));
    this.#letGo(state.now_ms);
  }

  /** The event says more than a state does: by how much it won, and all of its words. */
  attended(said) {
    if (this.#isAttended(said.id)) Object.assign(this.thoughts.get(said.id), attendedOf(said));
    else this.#attend(said);
  }

  forgot(forgotten) {
    if (forgotten.more) {
      this.more += forgotten.more;
      return;
    }
    if (this.forgotten.some(one => one.entry === forgotten.entry)) return;
    this.forgotten = [forgotten, ...this.forgotten].slice(0, MOST_FORGOTTEN);
    const known = this.thoughts.get(forgotten.id);
    if (known?.fate === 'attended') return; // it was a memory since
    this.thoughts.set(forgotten.id, { at: cameAt(forgotten), ...forgotten, fate: 'forgotten' });
  }

  /** Somebody changed an attended thought: here or elsewhere. */
  intervened({ id, action, change = {} }) {
    const thought = this.thoughts.get(id);
    if (!thought) return;
    if (action === 'veto') thought.vetoed = true;
    if (action === 'restore') thought.vetoed = false;
    if (change?.content !== undefined) thought.content = change.content;
    if (change?.salience !== undefined) thought.salience = Number(change.salience);
  }

  anchored(said) {
    const memory = memoryOf(said);
    const thought = this.thoughts.get(memory.id);
    if (thought) thought.memory = memory.kind;
    if (!this.memories.some(one => one.place === memory.place))
      this.memories = [memory, ...this.memories].slice(0, MOST_MEMORIES);
    return memory;
  }

  takenBack(entry) {
    this.forgotten = this.forgotten.filter(one => one.entry !== entry);
  }

  letGo(id) {
    this.memories = this.memories.filter(memory => memory.id !== id);
  }

  gap({ dropped = null }, now) {
    this.#gaps.push({ dropped, at: now });
  }

  /** How many events of the last thirty seconds nobody can show; null: some. */
  missing(now) {
    this.#gaps = this.#gaps.filter(gap => gap.at > now - SPAN_MS);
    const isKnown = this.#gaps.every(gap => gap.dropped !== null);
    return isKnown ? this.#gaps.reduce((all, gap) => all + gap.dropped, 0) : null;
  }

  takeArrived() {
    return this.arrived.splice(0);
  }

  /** How many were attended in each of the last sixty whole seconds. */
  rates(now) {
    const last = Math.floor(now / 1000);
    for (const second of this.#perSecond.keys())
      if (second < last - MINUTE_S) this.#perSecond.delete(second);
    const seconds = Array.from({ length: MINUTE_S }, (_, i) => last - MINUTE_S + i);
    return seconds.map(second => this.#perSecond.get(second) ?? 0);
  }

  /** A state has the strongest of those that compete, not always all. */
  #endCompeting({ contest = [], competing = contest.length, now_ms: now }) {
    const alive = new Set(contest.map(candidate => candidate.id));
    const areAll = contest.length >= competing;
    for (const thought of this.thoughts.values())
      if (thought.fate === 'competing' && !alive.has(thought.id) && (areAll || thought.due_ms <= now))
        thought.fate = 'gone';
  }

  /** A state has the newest; what was taken back is not among them any more. */
  #updateForgotten(newest) {
    const oldest = newest.at(-1)?.forgotten_at ?? Infinity;
    const older = this.forgotten.filter(one => one.forgotten_at < oldest);
    this.forgotten = [...newest, ...older].slice(0, MOST_FORGOTTEN);
  }

  /** What is known already may be known with more of its words. */
  #updateMemories(newest) {
    const known = new Map(this.memories.map(memory => [memory.place, memory]));
    const oldest = newest.at(-1)?.at ?? Infinity;
    const older = this.memories.filter(memory => memory.at < oldest);
    const listed = newest.map(memory => known.get(memory.place) ?? memory);
    this.memories = [...new Set([...listed, ...older])].slice(0, MOST_MEMORIES);
  }

  #isAttended(id) {
    return this.thoughts.get(id)?.fate === 'attended';
  }

  #attend(said) {
    const vetoed = Boolean(said.fields?.vetoed_at);
    const known = this.thoughts.get(said.id);
    const thought = Object.assign(known ?? {}, attendedOf(said), { fate: 'attended', vetoed });
    this.thoughts.set(said.id, thought);
    this.#path = null;
    this.arrived.push(thought);
    if (thought.attended_at >= (this.latest?.attended_at ?? 0)) this.latest = thought;
    const second = Math.floor(said.attended_at / 1000);
    this.#perSecond.set(second, (this.#perSecond.get(second) ?? 0) + 1);
  }

  #compete(candidate) {
    if (this.thoughts.has(candidate.id)) return;
    const thought = { ...candidate, at: cameAt(candidate), score: candidate.strength };
    this.thoughts.set(candidate.id, { ...thought, fate: 'competing' });
  }

  #letGo(now) {
    this.#path = null;
    for (const [id, thought] of this.thoughts)
      if ((thought.attended_at ?? thought.at) < now - KEPT_MS) this.thoughts.delete(id);
  }
}

/** How clear it was is among the fields: `lead` over the next, and how many `rivals`. */
function attendedOf({ fields = {}, truncated = false, ...said }) {
  const number = name => (name in fields ? Number(fields[name]) : undefined);
  return { lead: number('lead'), rivals: number('rivals'), ...said, truncated };
}

const listOf = value => (Array.isArray(value) ? value : []);

/** When a thought was written: its id begins with it. */
const cameAt = thought => Number.parseInt(thought.id, 10) || thought.forgotten_at || 0;

/** A memory, also as a state has it: with its text among the fields. */
export function memoryOf(said) {
  const fields = said.fields ?? {};
  const memory = { ...fields, ...said };
  memory.id ??= said.entry;
  memory.at = Number(memory.said_at ?? memory.attended_at ?? memory.anchored_at ?? memory.entry?.split('-')[0]);
  memory.place ??= `${memory.kind}/${memory.entry}`;
  memory.fields = fields;
  return memory;
}
