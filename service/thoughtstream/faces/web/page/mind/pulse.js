// How fast it goes: attended a second over a minute, and how long attention's cycle takes.

import { curve } from '../drawing/canvas.js';
import { byId, tell } from '../drawing/elements.js';
import { rate } from '../drawing/words.js';

const SMOOTHED_S = 6;
const SLOW = 3;

export class Pulse {
  #watch;

  constructor(watch) {
    this.#watch = watch;
  }

  draw() {
    const rates = this.#watch.picture.rates(this.#watch.clock.now());
    const smooth = rates.slice(SMOOTHED_S - 1).map((_, i) => average(rates.slice(i, i + SMOOTHED_S)));
    curve(byId('spark'), smooth);
    const said = [rate(average(rates.slice(-10)))];
    const p99 = this.#watch.picture.state?.rhythm?.cycle_p99_ms;
    const target = this.#watch.picture.settings.cycle_target_ms;
    const slow = Number.isFinite(p99) && p99 > SLOW * target;
    if (Number.isFinite(p99)) said.push(`cycle p99 ${p99.toFixed(1)} ms${slow ? ', slow' : ''}`);
    const pace = byId('pace');
    pace.className = slow ? 'warn' : '';
    tell(pace, said.join(' · '));
  }
}

const average = numbers => numbers.reduce((all, number) => all + number, 0) / (numbers.length || 1);
