// Every thought accounted for: two bars. The second is exactly as wide as what it accounts for.

import { byId, h, tell } from '../drawing/elements.js';
import { count } from '../drawing/words.js';

export class Ledger {
  #watch;
  #drawn = '';

  constructor(watch) {
    this.#watch = watch;
  }

  draw() {
    const { picture } = this.#watch;
    const books = picture.state?.ledger;
    if (!books) return;
    const sums = sumsOf(books, picture.state.competing ?? 0, picture.interveningCount);
    const key = JSON.stringify(sums);
    if (key === this.#drawn) return;
    this.#drawn = key;
    const scale = books.adopted || 1;
    const [first, second] = sums.map(sum => [sentence(sum), bar(sum, scale)]);
    byId('flow').replaceChildren(first[0], first[1], second[1], second[0]);
    this.#balance(sums);
  }

  #balance(sums) {
    const missing = sums.reduce((all, sum) => all + Math.abs(sum.missing), 0);
    const box = byId('balance');
    box.className = missing ? 'bad' : 'ok';
    tell(box, missing ? `✗ ${count(missing)} missing: ` : '✓ balanced');
    if (missing) box.append(h('code', `thoughtstream audit --mind ${this.#watch.mind}`));
  }
}

function sumsOf(books, competing, intervening) {
  const of = name => books[name] ?? 0;
  return [
    sum('adopted', of('adopted'), [
      ['attended', of('attended'), 'c0'],
      ['competing', competing, 'hot'],
      ['forgotten', of('forgotten'), 'c2'],
      ['expired', of('expired'), 'c3'],
      ['displaced', of('displaced'), 'c4'],
    ]),
    sum('attended', of('attended'), [
      ['anchored', of('anchored'), 'c1'],
      ['intervening', intervening, 'hot'],
      ['vetoed', of('vetoed'), 'c2'],
    ]),
  ];
}

function sum(whole, number, parts) {
  const missing = number - parts.reduce((all, [, part]) => all + part, 0);
  if (missing > 0) parts.push(['missing', missing, 'lost']);
  return { whole, number, parts, missing };
}

function sentence({ whole, number, parts }) {
  const said = parts.flatMap(([name, part, tone], i) => [
    h('em', i ? '+' : '='),
    h('span', h(`i.${tone}`, { 'aria-hidden': 'true' }), h('b', count(part)), ` ${name}`),
  ]);
  return h('p', h('span', h('b', count(number)), ` ${whole}`), ...said);
}

function bar({ parts }, scale) {
  const pieces = parts
    .filter(([, part]) => part > 0)
    .map(([name, part, tone]) => {
      const piece = h(`span.${tone}`, { title: `${count(part)} ${name}` });
      piece.style.width = `${(100 * part) / scale}%`;
      return piece;
    });
  return h('div.bar', { 'aria-hidden': 'true' }, ...pieces);
}
