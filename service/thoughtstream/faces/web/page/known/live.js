// The stream of events (text/event-stream). `fetch` in place of EventSource: it can say from which
// event on it wants to go on, and sees why it was refused.

import { answerOf, Problem } from './api.js';

const BACKOFF_S = [1, 2, 5, 10];
const SILENCE_MS = 40_000; // the server says something every 15 s

/** Calls `on.event(name, data)`, and `on.state(state)`: {is: 'live' | 'connecting' | 'lost',
 * tries, problem}. */
export class EventStream {
  #url;
  #on;
  #lastId = '';
  #tries = 0;
  #ending = null;
  #timer = 0;

  constructor(on) {
    this.#on = on;
  }

  /** Listens there from now on. Another mind's events are another sequence. */
  open(url, { afresh = true } = {}) {
    this.close();
    this.#url = url;
    this.#tries = 0;
    if (afresh) this.#lastId = '';
    this.#connect();
  }

  close() {
    clearTimeout(this.#timer);
    this.#ending?.abort();
    this.#ending = null;
  }

  /** The network is gone, as the browser says: nothing more is to be waited for. */
  lose() {
    this.#ending?.abort();
  }

  /** Tries at once, if it is waiting to try again. */
  retry() {
    if (!this.#url || this.#ending) return;
    clearTimeout(this.#timer);
    this.#connect();
  }

  resume() {
    if (this.#url) this.open(this.#url, { afresh: false });
  }

  async #connect() {
    const ending = (this.#ending = new AbortController());
    this.#on.state({ is: 'connecting', tries: this.#tries });
    let problem = new Problem(0);
    try {
      await this.#listen(ending);
    } catch (error) {
      if (error instanceof Problem) problem = error;
    }
    if (this.#ending !== ending) return; // closed, or another was opened
    ending.abort();
    this.#ending = null;
    this.#wait(problem);
  }

  #wait(problem) {
    this.#tries += 1;
    this.#on.state({ is: 'lost', tries: this.#tries, problem });
    const seconds = BACKOFF_S[Math.min(this.#tries, BACKOFF_S.length) - 1];
    const jitter = 0.75 + Math.random() / 2; // or a thousand pages come back in the same moment
    this.#timer = setTimeout(() => this.#connect(), seconds * 1000 * jitter);
  }

  async #listen(ending) {
    const headers = { Accept: 'text/event-stream' };
    if (this.#lastId) headers['Last-Event-ID'] = this.#lastId;
    const response = await fetch(this.#url, {
      headers,
      signal: ending.signal,
      credentials: 'same-origin',
      cache: 'no-store',
    });
    if (!response.ok) await answerOf(response);
    this.#tries = 0;
    this.#on.state({ is: 'live', tries: 0 });
    const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
    const parser = new Parser((name, data, id) => this.#hear(name, data, id));
    for (;;) {
      const watchdog = setTimeout(() => ending.abort(), SILENCE_MS);
      const { done, value } = await reader.read().finally(() => clearTimeout(watchdog));
      if (done) return;
      parser.feed(value);
    }
  }

  #hear(name, data, id) {
    if (id !== null) this.#lastId = id;
    let parsed;
    try {
      parsed = JSON.parse(data);
    } catch {
      return; // an event that is cut is one that was not said
    }
    this.#on.event(name, parsed);
  }
}

/** The lines of an event stream (WHATWG HTML, 9.2.6), as far as servers of ours write them. */
class Parser {
  #rest = '';
  #event = { name: '', data: [], id: null };
  #say;

  constructor(say) {
    this.#say = say;
  }

  feed(text) {
    const lines = (this.#rest + text).split(/\r?\n/);
    this.#rest = lines.pop();
    lines.forEach(line => this.#line(line));
  }

  #line(line) {
    if (line === '') return this.#end();
    const colon = line.indexOf(':');
    if (colon === 0) return; // a comment keeps the connection awake
    const field = colon < 0 ? line : line.slice(0, colon);
    const value = colon < 0 ? '' : line.slice(colon + 1).replace(/^ /, '');
    if (field === 'event') this.#event.name = value;
    else if (field === 'data') this.#event.data.push(value);
    else if (field === 'id') this.#event.id = value;
  }

  #end() {
    const { name, data, id } = this.#event;
    this.#event = { name: '', data: [], id: null };
    if (data.length) this.#say(name || 'message', data.join('\n'), id);
  }
}
