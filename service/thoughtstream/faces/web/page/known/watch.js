// One mind, watched: its picture, the server's clock, and the stream of events that keeps both true.

import { missing } from '../drawing/words.js';
import { isCrowded, Status } from '../frame/status.js';
import { toast } from '../frame/toast.js';
import { get, mindPath, withQuery } from './api.js';
import { ServerClock } from './clock.js';
import { EventStream } from './live.js';
import { Picture } from './picture.js';

const LOOK_EVERY_MS = 5000;

export class Watch {
  mind = '';
  picture = new Picture('');
  clock = new ServerClock();
  status = new Status();
  scopes = new Set();
  /** Set by who draws: something changed that shows at once; a memory is another; another mind. */
  on = { redraw() {}, anchored() {}, memory() {}, takenBack() {}, mind() {}, minds() {}, locked() {} };
  #stream;
  #look = 0;
  #heldAt = 0;

  constructor() {
    this.#stream = new EventStream({
      event: (name, data) => this.#hear(name, data),
      state: state => this.#connected(state),
    });
  }

  /** Whether nothing can be changed, since nobody would hear it. */
  get isAway() {
    return this.status.awaySince > 0;
  }

  /** The moment that the picture shows: now, unless it is held, or nothing is heard. */
  pictureTime() {
    const { awaySince } = this.status;
    if (this.#heldAt) return this.#heldAt;
    return awaySince ? this.clock.fromLocal(awaySince) : this.clock.now();
  }

  /** Watches another mind. */
  open(mind) {
    if (mind === this.mind) return this.#stream.retry();
    this.mind = mind;
    this.picture = new Picture(mind);
    this.status.clear();
    this.on.mind();
    this.#stream.open(withQuery('/v1/events', { mind, view: 'mind' }));
    this.look();
  }

  /** Listens to a page of all minds; `back` to the mind. */
  openMinds(query) {
    this.#stream.open(withQuery('/v1/events', { ...query, view: 'minds' }));
  }

  back() {
    if (this.mind) this.#stream.open(withQuery('/v1/events', { mind: this.mind, view: 'mind' }));
  }

  async look() {
    const { mind } = this;
    const state = await get(mindPath(mind)).catch(() => null);
    if (!state || mind !== this.mind) return;
    this.clock.hear(state.now_ms);
    this.picture.look(state);
    this.on.redraw();
  }

  /** A hidden page hears nothing. */
  sleep() {
    this.#stream.close();
  }

  wake() {
    this.#stream.resume();
  }

  retry() {
    this.#stream.retry();
  }

  lose() {
    this.#stream.lose();
  }

  hold(held) {
    this.#heldAt = held ? this.pictureTime() : 0;
    this.status.held = held;
    this.status.came = 0;
    this.status.draw();
    this.on.redraw();
  }

  /** What the token may do. */
  allow(scopes) {
    this.scopes = new Set(scopes);
    this.on.redraw();
  }

  redraw() {
    this.on.redraw();
  }

  takenBack({ entry }) {
    this.picture.takenBack(entry);
    this.on.takenBack();
  }

  memoryChanged(memory) {
    this.picture.letGo(memory.id);
    this.on.memory(memory);
  }

  #connected(state) {
    const back = this.status.connected(state);
    if (back) toast(back);
    clearInterval(this.#look);
    if (isCrowded(state.problem)) this.#look = setInterval(() => this.look(), LOOK_EVERY_MS);
    if (state.problem?.status === 401) {
      this.#stream.close();
      this.on.locked();
    }
  }

  #hear(name, data) {
    const { picture, status } = this;
    if (data?.now_ms) this.clock.hear(data.now_ms);
    switch (name) {
      case 'hello':
        picture.settings = { ...picture.settings, ...data.settings };
        this.allow(data.scopes);
        break;
      case 'state':
        picture.look(data);
        break;
      case 'attended':
        picture.attended(data);
        if (status.held) status.came += 1;
        break;
      case 'intervened':
        picture.intervened(data);
        break;
      case 'anchored':
        this.on.anchored(picture.anchored(data));
        break;
      case 'forgotten':
        picture.forgot(data);
        break;
      case 'slept':
        toast(`It slept: ${data.replayed ?? 0} replayed, ${data.merged ?? 0} merged, ${data.distilled ?? 0} distilled.`);
        break;
      case 'gap':
        picture.gap(data, this.clock.now());
        toast(`In the picture ${missing(data.dropped ?? null)}.`);
        break;
      case 'trouble':
        status.trouble(data);
        break;
      case 'recovered': {
        const back = status.recovered(data);
        if (back) toast(back);
        break;
      }
      case 'minds':
        this.on.minds(data);
        return;
      default:
        return; // a newer server may say more
    }
    this.on.redraw();
  }
}
