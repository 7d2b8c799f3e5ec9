// A ring that runs out with the time in which a thought can be changed.

import { windowClass } from '../drawing/colours.js';
import { svg } from '../drawing/elements.js';

const CIRCUMFERENCE = 2 * Math.PI * 10;
const circle = attributes => svg('circle', { cx: 13, cy: 13, r: 10, ...attributes });

export function emptyRing() {
  return svg('svg', { class: 'ring', viewBox: '0 0 26 26', 'aria-hidden': 'true' }, circle({}));
}

export function ring(thought) {
  const of = windowClass(thought.window);
  const left = circle({ class: 'left-of-it', 'stroke-dasharray': `${CIRCUMFERENCE} ${CIRCUMFERENCE}` });
  const attributes = { class: `ring ${of}`, viewBox: '0 0 26 26', 'aria-hidden': 'true' };
  return svg('svg', attributes, circle({}), left);
}

/** How much of it is left, in the ring of this element. */
export function setRing(element, thought, now) {
  const left = element.querySelector('.left-of-it');
  if (!left) return;
  const whole = thought.encode_at - thought.attended_at || 1;
  const share = Math.min(1, Math.max(0, (thought.encode_at - now) / whole));
  left.setAttribute('stroke-dasharray', `${CIRCUMFERENCE * share} ${CIRCUMFERENCE}`);
  left.setAttribute('opacity', share ? 1 : 0);
}
