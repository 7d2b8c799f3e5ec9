// The page to watch a mind: everything is put together here.

import { byId, h, svg } from './drawing/elements.js';
import { Gate } from './frame/gate.js';
import { listen } from './frame/keys.js';
import { Picker } from './frame/picker.js';
import { recalled, remember } from './frame/remembered.js';
import { mindAddress, routeOf, VIEWS } from './frame/routes.js';
import { startTheme, otherTheme } from './frame/theme.js';
import { toast } from './frame/toast.js';
import { get, mindPath, openSession, withQuery } from './known/api.js';
import { Changes } from './known/changes.js';
import { Watch } from './known/watch.js';
import { Forgotten } from './mind/forgotten.js';
import { Hero } from './mind/hero.js';
import { Ledger } from './mind/ledger.js';
import { Memory } from './mind/memory.js';
import { Places } from './mind/places.js';
import { Pulse } from './mind/pulse.js';
import { Ribbon } from './mind/ribbon.js';
import { Sediment } from './mind/sediment.js';
import { openTable } from './mind/table.js';
import { AgentsView } from './views/agents.js';
import { Minds } from './views/minds.js';
import { RedisView } from './views/redis.js';

const FRAME_MS = 1000 / 30;
const CALM_FRAME_MS = 1000;
const GLANCE_MS = 250;
const HIDDEN_MS = 30_000;
const NO_MIND_AGAIN_MS = 2000;
const calm = matchMedia('(prefers-reduced-motion: reduce)');

const watch = new Watch();
const changes = new Changes(watch);
const hero = new Hero(watch, changes);
const ribbon = new Ribbon(watch, hero);
const places = new Places(watch, changes);
const sediment = new Sediment(watch);
const memory = new Memory(watch, changes, sediment);
const forgotten = new Forgotten(watch, changes);
const ledger = new Ledger(watch);
const pulse = new Pulse(watch);
const picker = new Picker();
const gate = new Gate(() => {
  if (watch.mind) watch.wake();
  enter();
});
const views = { minds: new Minds(watch), redis: new RedisView(watch), agents: new AgentsView(watch) };
let view = '';

// --- drawing: time moves the ribbon, everything else is looked at four times a second --------------

let drawnAt = 0;

function frame(at) {
  requestAnimationFrame(frame);
  if (at - drawnAt < (calm.matches ? CALM_FRAME_MS : FRAME_MS) - 2) return;
  drawnAt = at;
  if (view === 'mind' && watch.mind) ribbon.draw(watch.pictureTime());
}

function glance() {
  watch.status.draw();
  if (document.hidden || !watch.mind) return;
  pulse.draw();
  if (view !== 'mind') return;
  const now = watch.isAway ? watch.pictureTime() : watch.clock.now();
  places.draw(now);
  hero.draw(now);
  if (watch.status.held) return;
  hero.choose(now);
  hero.draw(now);
  ribbon.describe();
  memory.draw();
  forgotten.draw();
  ledger.draw();
  sediment.draw();
  byId('limits').hidden = changes.allowed || !watch.scopes.size;
}

watch.on.mind = () => {
  hero.clear();
  places.clear();
  ribbon.clear();
  memory.clear();
  forgotten.clear();
  sediment.load();
  byId('mind-name').textContent = watch.mind;
  byId('mark-name').textContent = watch.mind;
  remember('mind', watch.mind);
  entitle();
};
watch.on.anchored = memory => sediment.add(memory);
watch.on.memory = gone => memory.drop(gone);
watch.on.takenBack = () => forgotten.draw({ always: true });
watch.on.minds = tiles => views.minds.changed(tiles);
watch.on.locked = () => gate.close();
watch.on.redraw = (() => {
  let asked = false; // many events of one moment are one drawing
  return () => {
    if (asked || document.hidden) return;
    asked = true;
    requestAnimationFrame(() => {
      asked = false;
      if (view !== 'mind') return;
      const now = watch.clock.now();
      if (!watch.status.held) hero.choose(now);
      hero.draw(now);
      places.draw(now);
    });
  };
})();

// --- views -----------------------------------------------------------------------------------------

/** Whoever comes in goes where the address says, and may do what the token allows. */
function enter() {
  route();
  get('/v1/session')
    .then(({ scopes }) => watch.allow(scopes))
    .catch(problem => gate.refused(problem));
}

async function route() {
  const asked = routeOf(location.hash);
  if (asked.view !== 'mind') show(asked.view);
  else if (asked.mind) watchMind(asked.mind);
  else await anyMind();
}

function watchMind(mind) {
  byId('no-mind').hidden = true;
  byId('of-mind').hidden = false;
  show('mind');
  watch.open(mind);
}

/** The one watched last, else the first; none: how to make one. */
async function anyMind() {
  show('mind');
  if (watch.mind) return;
  const last = recalled('mind');
  const absent = problem => gate.refused(problem);
  const isThere = last && (await get(mindPath(last)).catch(absent));
  const first = () => get(withQuery('/v1/minds', { limit: 1 })).catch(absent);
  const mind = isThere ? last : (await first())?.items?.[0]?.name;
  if (gate.isClosed || watch.mind || view !== 'mind') return; // somebody has gone elsewhere meanwhile
  if (mind) return watchMind(mind);
  byId('no-mind').hidden = false;
  byId('of-mind').hidden = true;
  setTimeout(() => !watch.mind && view === 'mind' && route(), NO_MIND_AGAIN_MS);
}

function show(next) {
  const before = view;
  view = next;
  if (before !== next) views[before]?.hide();
  for (const name of VIEWS) byId(`view-${name}`).hidden = name !== next;
  for (const link of document.querySelectorAll('nav a')) {
    if (routeOf(link.hash).view === next) link.setAttribute('aria-current', 'page');
    else link.removeAttribute('aria-current');
  }
  byId('pulse').hidden = next === 'minds';
  if (before !== next) {
    if (before === 'minds') watch.back();
    views[next]?.show();
    scrollTo(0, 0);
  }
  entitle();
}

function entitle() {
  const names = { mind: watch.mind || 'No mind', minds: 'Minds', redis: 'Redis', agents: 'Agents' };
  document.title = `${names[view] ?? 'Mind'} · Thoughtstream`;
}

// --- keys and buttons ----------------------------------------------------------------------------------

const target = () => places.target() ?? hero.thought;

function change(how) {
  const thought = target();
  if (view !== 'mind' || !thought || !changes.allowed) return;
  changes[how](thought);
}

/** At once: what is typed next belongs into the field, or each letter would be a key of its own. */
function ask() {
  if (view !== 'mind') {
    location.hash = watch.mind ? mindAddress(watch.mind) : '#mind';
    show('mind');
  }
  byId('question').focus();
}

const go = address => () => {
  location.hash = address;
};
const hold = () => watch.hold(!watch.status.held);

listen({
  '/': ['Ask the memory', ask],
  ' ': ['Hold the picture, or go on', hold],
  j: ['Next thought that can be changed', () => places.choose(1)],
  k: ['The one before', () => places.choose(-1)],
  v: ['Veto it', () => change('veto')],
  r: ['Reframe it', () => change('reframe')],
  b: ['Boost it', () => change('boost')],
  u: ['Undo the last change', () => changes.undo()],
  1: ['This mind', () => go(watch.mind ? mindAddress(watch.mind) : '#mind')()],
  2: ['All minds', go('#minds')],
  3: ['Redis', go('#redis')],
  4: ['Agents', go('#agents')],
  m: ['Another mind', () => picker.open()],
  T: ['The path of attention as a table', () => openTable(watch.picture)],
  t: ['Light or dark', otherTheme],
  '?': ['These keys', () => byId('keys').showModal()],
});

byId('hold').addEventListener('click', hold);
byId('theme').addEventListener('click', otherTheme);
byId('help').addEventListener('click', () => byId('keys').showModal());
byId('as-table').addEventListener('click', () => openTable(watch.picture));
byId('another').addEventListener('click', () => picker.open());
byId('question').addEventListener('keydown', event => {
  if (event.key !== 'Escape') return;
  event.target.value = '';
  memory.ask();
  event.target.blur();
});
for (const button of document.querySelectorAll('[data-closes]'))
  button.addEventListener('click', () => byId(button.dataset.closes).close());
for (const button of document.querySelectorAll('[data-copies]'))
  button.addEventListener('click', () => copy(byId(button.dataset.copies).textContent));

async function copy(text) {
  try {
    await navigator.clipboard.writeText(text);
    toast('Copied.');
  } catch {
    toast('This browser does not let the page copy: select the text.');
  }
}

const sign = attributes => svg('svg', { viewBox: '0 0 12 12', 'aria-hidden': 'true' }, svg('circle', { cx: 6, cy: 6, r: 4, ...attributes }));
const ringed = { fill: 'none', stroke: 'currentColor' };
byId('legend').append(
  h('span', sign({ fill: 'currentColor' }), 'attended'),
  h('span', sign({ ...ringed, 'stroke-width': 1.75 }), 'competes'),
  h('span', sign({ ...ringed, opacity: 0.5 }), 'forgotten or too late'),
  h('span', '╌ threshold'),
  h('span', 'higher is stronger'),
  h('span.of-many', 'a column is as high as many were attended'),
);

// --- a page that nobody sees hears nothing ------------------------------------------------------------

let falling = 0;
let asleep = false;

document.addEventListener('visibilitychange', () => {
  clearTimeout(falling);
  if (document.hidden) falling = setTimeout(() => { asleep = true; watch.sleep(); }, HIDDEN_MS);
  else if (asleep) { asleep = false; watch.wake(); }
});
addEventListener('online', () => watch.retry());
addEventListener('offline', () => watch.lose());
addEventListener('resize', () => sediment.draw());

startTheme();
setInterval(glance, GLANCE_MS);
requestAnimationFrame(frame);
openSession()
  .catch(problem => toast(problem.message))
  .then(() => {
    addEventListener('hashchange', route); // who goes somewhere before has no token yet, and would be locked out
    enter();
  });
