// A thin bar: how much of something is used.

import { h } from '../drawing/elements.js';

export function meter(share, isNear = false) {
  const bar = h(`span${isNear ? '.warn' : ''}`);
  bar.style.width = `${100 * Math.min(1, Math.max(0, share))}%`;
  return h('div.meter', { 'aria-hidden': 'true' }, bar);
}
