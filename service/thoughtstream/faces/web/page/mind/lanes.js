// Which windows have a lane of the ribbon of their own: the standard four, then the busiest.

import { STANDARD_WINDOWS } from '../drawing/colours.js';

const MOST = 8;

/** Lanes `{name, windows}`; over eight the rest share one. They change only with the windows. */
export class Lanes {
  list = STANDARD_WINDOWS.map(name => ({ name, windows: [name] }));
  #known = '';
  #of = new Map();

  update(picture) {
    const lengths = picture.state?.windows ?? {};
    const seen = [...picture.thoughts.values()].map(thought => thought.window);
    const others = [...new Set([...Object.keys(lengths), ...seen])]
      .filter(window => !STANDARD_WINDOWS.includes(window))
      .sort();
    const known = others.join('\n');
    if (known === this.#known && this.#of.size) return;
    this.#known = known;
    others.sort((a, b) => (lengths[b] ?? 0) - (lengths[a] ?? 0));
    this.list = [...STANDARD_WINDOWS, ...others].map(name => ({ name, windows: [name] }));
    if (this.list.length > MOST) this.#share();
    this.#of = new Map(this.list.flatMap((lane, i) => lane.windows.map(window => [window, i])));
  }

  #share() {
    const rest = this.list.splice(MOST - 1).map(lane => lane.name);
    this.list.push({ name: `others (${rest.length})`, windows: rest });
  }

  indexOf(window) {
    return this.#of.get(window) ?? this.list.length - 1;
  }
}
