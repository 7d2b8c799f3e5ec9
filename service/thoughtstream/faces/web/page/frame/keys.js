// What each key does. The list that `?` shows is made from it.

import { byId, h } from '../drawing/elements.js';

const IN_USE = 'input, textarea, select, dialog';
const PRESSED = 'button, a, summary';

/** `keys`: {key: [what it does, in words; how]}. */
export function listen(keys) {
  addEventListener('keydown', event => {
    if (event.ctrlKey || event.metaKey || event.altKey || event.target.closest(IN_USE)) return;
    if (event.key === ' ' && event.target.closest(PRESSED)) return;
    const does = keys[event.key]?.[1];
    if (!does) return;
    event.preventDefault();
    does();
  });
  const rows = Object.entries(keys).flatMap(([key, [words]]) => [
    h('dt', h('kbd', key === ' ' ? 'space' : key)),
    h('dd', words),
  ]);
  byId('key-list').append(...rows, h('dt', h('kbd', 'Esc')), h('dd', 'Out of a field or a dialog'));
}
