// The path of attention: the last thirty seconds, a lane for each window. Filled: attended; a thick
// ring: competes; a thin ring: forgotten or too late. One thin line runs through those that won.

import { FONT, sheet } from '../drawing/canvas.js';
import { hueOf, palette } from '../drawing/colours.js';
import { byId, shortened, tell } from '../drawing/elements.js';
import { clockTime, count, missing, score } from '../drawing/words.js';
import { SPAN_MS } from '../known/picture.js';
import { Lanes } from './lanes.js';

const HEIGHT_PX = 264;
const NARROW_HEIGHT_PX = 208;
const LEAST_LANE_PX = 44;
const NAMES_PX = 92;
const MOST_SCORE = 1.2;
const MANY_MARKS = 150; // then the line says less, and the marks say it
const DENSE_PER_S = 40; // then marks would only cover each other
const REACH_PX = 12;

export class Ribbon {
  #watch;
  #hero;
  #lanes = new Lanes();
  #told = null;
  #isDense = false;

  constructor(watch, hero) {
    this.#watch = watch;
    this.#hero = hero;
    const frame = byId('ribbon-frame');
    frame.addEventListener('pointermove', event => this.#point(event));
    frame.addEventListener('pointerleave', () => this.#tell(null));
    frame.addEventListener('blur', () => this.#tell(null));
    frame.addEventListener('keydown', event => this.#step(event));
  }

  clear() {
    this.#tell(null);
  }

  /** `now`: the moment at its right edge. */
  draw(now) {
    const { picture } = this.#watch;
    this.#lanes.update(picture);
    const canvas = byId('ribbon');
    const least = canvas.clientWidth < 600 ? NARROW_HEIGHT_PX : HEIGHT_PX;
    const tall = Math.max(least, this.#lanes.list.length * LEAST_LANE_PX);
    if (canvas.style.height !== `${tall}px`) canvas.style.height = `${tall}px`;
    const [context, width, height] = sheet(canvas);
    const place = this.#placing(now, width, height);
    const path = picture.path;
    this.#isDense = path.length > (DENSE_PER_S * SPAN_MS) / 1000;
    this.#drawLanes(context, place);
    context.save();
    context.beginPath();
    context.rect(place.left, 0, width - place.left, height);
    context.clip();
    if (this.#isDense) drawDensity(context, place, path);
    else this.#drawMarks(context, place, path);
    context.restore();
    this.#drawNames(context, place);
    for (const thought of [this.#hero.thought, this.#told]) if (thought) drawHalo(context, place, thought);
    context.fillStyle = palette['ink-3'];
    context.fillRect(place.right, 0, 1, height);
  }

  /** What it shows, for those who do not see it; four times a second at most. */
  describe() {
    const { path } = this.#watch.picture;
    const gone = this.#watch.picture.missing(this.#watch.clock.now());
    const lately = path.slice(-5).map(thought => `${thought.window}: ${shortened(thought.content, 80)}`);
    const said = `The last 30 seconds: ${count(path.length)} attended. Latest: ${lately.join('; ') || 'none'}`;
    byId('ribbon-frame').setAttribute('aria-label', said);
    const competing = this.#watch.picture.state?.competing ?? 0;
    const parts = ['last 30 s', `${count(competing)} ${competing === 1 ? 'competes' : 'compete'} now`];
    if (gone !== 0) parts.unshift(missing(gone));
    tell(byId('competing'), parts.join(' · '));
    byId('legend').classList.toggle('dense', this.#isDense);
  }

  #placing(now, width, height) {
    const narrow = width < 600;
    const left = narrow ? 0 : NAMES_PX;
    const right = width - 14;
    const lane = height / this.#lanes.list.length;
    const y = (index, value) => lane * (index + 1) - 9 - (Math.min(value, MOST_SCORE) / MOST_SCORE) * (lane - 20);
    return {
      now, narrow, left, right, lane, height, y,
      x: thought => right - ((now - timeOf(thought)) / SPAN_MS) * (right - left),
      yOf: thought => y(this.#lanes.indexOf(thought.window), thought.score ?? 0),
    };
  }

  #drawLanes(context, { left, right, lane, y }) {
    context.lineWidth = 1;
    this.#lanes.list.forEach((_, i) => {
      context.fillStyle = palette.line;
      context.fillRect(left, lane * (i + 1) - 1, right - left, 1);
      if (this.#isDense) return; // its columns are no scores
      context.strokeStyle = palette.edge;
      context.globalAlpha = 0.55;
      context.setLineDash([2, 5]);
      context.beginPath();
      context.moveTo(left, y(i, this.#watch.picture.threshold));
      context.lineTo(right, y(i, this.#watch.picture.threshold));
      context.stroke();
      context.setLineDash([]);
      context.globalAlpha = 1;
    });
  }

  #drawMarks(context, place, path) {
    drawLine(context, place, path);
    for (const thought of this.#watch.picture.thoughts.values())
      if (place.x(thought) > place.left - 8) drawMark(context, place, thought);
  }

  #drawNames(context, { narrow, lane }) {
    context.font = `600 ${FONT}`;
    context.textBaseline = 'middle';
    this.#lanes.list.forEach(({ name, windows }, i) => {
      const at = [0, narrow ? lane * i + 10 : lane * (i + 0.5)];
      const text = fitted(context, name, NAMES_PX - 12);
      context.strokeStyle = palette.paper;
      context.lineWidth = 5;
      context.strokeText(text, ...at);
      context.fillStyle = windows.length > 1 ? palette['ink-2'] : palette[hueOf(name)];
      context.fillText(text, ...at);
    });
  }

  #point(event) {
    const canvas = byId('ribbon');
    const box = canvas.getBoundingClientRect();
    const place = this.#placing(this.#watch.pictureTime(), canvas.clientWidth, canvas.clientHeight);
    const far = thought =>
      Math.hypot(place.x(thought) - (event.clientX - box.left), place.yOf(thought) - (event.clientY - box.top));
    const near = [...this.#watch.picture.thoughts.values()].filter(thought => far(thought) < REACH_PX);
    this.#tell(near.reduce((best, one) => (best && far(best) <= far(one) ? best : one), null));
  }

  #step(event) {
    const by = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
    if (!by) return;
    event.preventDefault();
    const all = [...this.#watch.picture.thoughts.values()].sort((a, b) => timeOf(a) - timeOf(b));
    const at = all.indexOf(this.#told);
    const next = at < 0 ? all.length - 1 : Math.min(Math.max(at + by, 0), all.length - 1);
    this.#tell(all[next] ?? null);
  }

  #tell(thought) {
    this.#told = thought;
    byId('legend').classList.toggle('hushed', Boolean(thought));
    const box = byId('told');
    box.replaceChildren();
    if (thought) box.append(`${clockTime(timeOf(thought))} · ${thought.window} · ${score(thought.score)} · ${fateInWords(thought)}: ${shortened(thought.content, 160)}`);
  }
}

export const timeOf = thought => thought.attended_at ?? thought.at;

export function fateInWords(thought) {
  if (thought.vetoed) return 'vetoed';
  if (thought.memory) return `remembered, ${thought.memory}`;
  const words = { competing: 'competes', gone: 'lost, or too late' };
  return words[thought.fate] ?? thought.fate;
}

function drawLine(context, place, path) {
  context.strokeStyle = palette.ink;
  context.lineJoin = 'round';
  context.lineWidth = 1.25;
  context.globalAlpha = path.length > MANY_MARKS ? 0.16 : 0.34;
  context.beginPath();
  let before = null;
  for (const thought of path) {
    const [x, y] = [place.x(thought), place.yOf(thought)];
    if (!before) context.moveTo(x, y);
    else {
      const middle = (before[0] + x) / 2;
      context.bezierCurveTo(middle, before[1], middle, y, x, y);
    }
    before = [x, y];
  }
  context.stroke();
  context.globalAlpha = 1;
}

function drawMark(context, place, thought) {
  const [x, y] = [place.x(thought), place.yOf(thought)];
  const radius = 2 + 3.6 * Math.min(thought.score ?? 0, 1);
  const won = thought.fate === 'attended';
  const competes = thought.fate === 'competing';
  const hue = palette[hueOf(thought.window)];
  context.beginPath();
  context.arc(x, y, won ? radius : Math.max(radius - 1, 1.8), 0, 7);
  const filled = won && !thought.vetoed;
  context.globalAlpha = won || competes ? 1 : 0.5;
  context.fillStyle = filled ? hue : palette.paper;
  context.fill();
  context.lineWidth = filled ? 1.5 : competes ? 1.75 : 1;
  context.strokeStyle = filled ? palette.paper : hue;
  context.stroke();
  context.globalAlpha = 1;
  if (!thought.vetoed) return;
  context.lineWidth = 1.5;
  context.beginPath();
  context.moveTo(x - radius - 2, y + radius + 2);
  context.lineTo(x + radius + 2, y - radius - 2);
  context.stroke();
}

function drawHalo(context, place, thought) {
  if (place.x(thought) < place.left) return;
  context.strokeStyle = palette.ink;
  context.lineWidth = 1.5;
  context.beginPath();
  context.arc(place.x(thought), place.yOf(thought), 10, 0, 7);
  context.stroke();
}

/** One column a pixel, as high as many were attended there. */
function drawDensity(context, place, path) {
  const columns = new Map();
  for (const thought of path) {
    const x = Math.round(place.x(thought));
    const bottom = place.yOf({ window: thought.window, score: 0 });
    const key = `${x} ${bottom}`;
    const column = columns.get(key) ?? { x, bottom, hue: hueOf(thought.window), many: 0 };
    column.many += 1;
    columns.set(key, column);
  }
  const most = [...columns.values()].reduce((many, column) => Math.max(many, column.many), 1);
  for (const { x, bottom, hue, many } of columns.values()) {
    const tall = Math.max(1, (many / most) * (place.lane - 20));
    context.fillStyle = palette[hue];
    context.fillRect(x, bottom - tall, 1, tall);
  }
}

function fitted(context, text, most) {
  const name = shortened(text, 40);
  if (context.measureText(name).width <= most) return name;
  let short = name;
  while (short && context.measureText(`${short}…`).width > most) short = short.slice(0, -1);
  return `${short}…`;
}
