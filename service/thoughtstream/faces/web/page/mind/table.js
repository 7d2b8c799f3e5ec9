// The ribbon as a table: the last fifty thoughts, what they scored, what became of them.

import { windowClass } from '../drawing/colours.js';
import { byId, h, says } from '../drawing/elements.js';
import { clockTime, score } from '../drawing/words.js';
import { fateInWords, timeOf } from './ribbon.js';

const ROWS = 50;

export function openTable(picture) {
  const newest = [...picture.thoughts.values()].sort((a, b) => timeOf(b) - timeOf(a)).slice(0, ROWS);
  const rows = newest.map(thought =>
    h(
      'tr',
      h('td', clockTime(timeOf(thought))),
      h('td', h(`span.${windowClass(thought.window)}`, thought.window)),
      h('td.number', score(thought.score)),
      h('td', fateInWords(thought)),
      h('td', says(thought.content, 200)),
    ),
  );
  const none = h('tr', h('td', { colspan: 5 }, 'No thought came in the last thirty seconds.'));
  byId('table-rows').replaceChildren(...(rows.length ? rows : [none]));
  byId('table').showModal();
}
