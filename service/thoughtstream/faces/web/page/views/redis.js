// Redis: its shards, what each domain takes, the services, and what the doctor finds.

import { byId, h, tell } from '../drawing/elements.js';
import { ago, bytes, count, counted, span } from '../drawing/words.js';
import { withCode } from '../frame/status.js';
import { get } from '../known/api.js';
import { meter } from './meter.js';

const AGAIN_MS = 5000;
const NEAR = 0.8;
const TONES = ['c0', 'c1', 'c2', 'c3'];

export class RedisView {
  #watch;
  #timer = 0;

  constructor(watch) {
    this.#watch = watch;
  }

  show() {
    this.#read();
    this.#timer = setInterval(() => this.#read(), AGAIN_MS);
    this.#examine();
  }

  hide() {
    clearInterval(this.#timer);
  }

  async #read() {
    const [redis, services] = await Promise.all([asked('/v1/redis'), asked('/v1/services')]);
    tell(byId('redis-problem'), redis.problem?.message ?? '');
    if (!redis.problem) this.#draw(redis);
    if (!services.problem) this.#drawServices(services);
  }

  #draw(redis) {
    const shards = shardsOf(redis);
    const uptime = redis.uptime_s === undefined ? '' : ` · up ${span(redis.uptime_s * 1000)}`;
    tell(byId('redis-about'), `${redis.nodes ? `${counted(shards.length, 'shard')} · ` : ''}${redis.version}${uptime}`);
    const slots = shards.filter(shard => shard.slots).map((shard, i) => slotsOf(shard, i));
    byId('slots').hidden = !slots.length;
    byId('slots').replaceChildren(...slots);
    byId('slots').setAttribute('aria-label', `${count(shards.reduce((all, one) => all + (one.slots ?? 0), 0))} of 16,384 slots served`);
    byId('shards').replaceChildren(...shards.map(shardInWords));
    this.#drawDomains(redis.domains);
  }

  #drawDomains(samples) {
    const rows = samples.flatMap(sample => domainsOf(sample, samples.length > 1));
    const none = h('li.none', 'Not sampled yet: a service does it, over some minutes.');
    byId('domains').replaceChildren(...(rows.length ? rows : [none]));
    const newest = Math.max(...samples.map(sample => sample.sampled_at));
    const about = samples.length ? `sampled ${span(this.#watch.clock.now() - newest)} ago · against their budgets` : '';
    tell(byId('domains-about'), about);
  }

  #drawServices(services) {
    const rows = services.map(service => serviceInWords(service, this.#watch.clock.now()));
    const none = h('li.none', 'No service lives: nobody attends. Start one: ', h('code', 'thoughtstream up'));
    byId('services').replaceChildren(...(rows.length ? rows : [none]));
  }

  async #examine() {
    const answer = await asked('/v1/doctor');
    const rows = [...(answer.findings ?? [])].sort((a, b) => gravity(a) - gravity(b)).map(findingInWords);
    byId('findings').replaceChildren(...(answer.problem ? [h('li.none', answer.problem.message)] : rows));
  }
}

const asked = path => get(path).catch(problem => ({ problem }));

/** Masters with their replicas; one server is a shard of its own. */
function shardsOf(redis) {
  const nodes = redis.nodes ?? [];
  if (!nodes.length)
    return [{ ...redis, node: redis.url ?? 'Redis', role: 'master', alive: true, replicas: [] }];
  const masters = nodes.filter(node => node.role === 'master');
  return masters.map(master => ({ ...master, replicas: nodes.filter(node => node.master === master.node) }));
}

function slotsOf(shard, i) {
  const piece = h(`span.${TONES[i % TONES.length]}`, { title: `${shard.node}: ${count(shard.slots)} slots` });
  piece.style.flexGrow = shard.slots;
  return piece;
}

function shardInWords(shard, i) {
  const slots = shard.slots ? h('small', `${count(shard.slots)} slots`) : null;
  const title = shard.slots ? `Shard ${i + 1} ` : 'Server';
  return h('div', h('h2', title, slots), ...[shard, ...shard.replicas].map(nodeInWords));
}

function nodeInWords(node) {
  const { used_bytes: used = 0, maxmemory_bytes: most = 0, alive = true } = node;
  const share = most ? used / most : 0;
  const said = most ? `${bytes(used)} of ${bytes(most)}` : `${bytes(used)} used, no maxmemory`;
  return h(
    'div.node',
    h('p', h('b', node.node), alive ? said : h('span.bad', '✗ does not answer')),
    most > 0 && meter(share, share > NEAR),
    h('p', node.role, h('span', linkInWords(node))),
  );
}

function linkInWords({ role, alive, lag_bytes: lag, link }) {
  if (!alive) return '';
  if (role === 'master') return 'takes writes';
  return [lag !== undefined && `${count(lag)} bytes behind`, link && `link ${link}`].filter(Boolean).join(' · ');
}

function domainsOf(sample, named) {
  return Object.entries(sample.domains ?? {})
    .filter(([, domain]) => domain.keys || domain.budget_bytes)
    .map(([name, { bytes: used, budget_bytes: budget, beyond }]) => {
      const share = budget ? used / budget : 0;
      const near = beyond ? ' · beyond it' : share > NEAR ? ' · near' : '';
      const said = budget ? `${bytes(used)} of ${bytes(budget)}${near}` : bytes(used);
      const title = named ? `${name}, ${sample.node}` : name;
      const bar = budget ? meter(share, beyond || share > NEAR) : h('span');
      return h('li', h('span', title), bar, h('span', said));
    });
}

function serviceInWords(service, now) {
  const { rhythm } = service;
  const said = [counted(service.minds ?? 0, 'mind')];
  if (rhythm?.cycles_per_s !== undefined) said.push(`${count(Math.round(rhythm.cycles_per_s))} cycles/s`);
  if (rhythm?.cycle_p99_ms) said.push(`p99 ${rhythm.cycle_p99_ms.toFixed(1)} ms`);
  const seen = service.last_seen ? ago(now - service.last_seen) : '';
  return h('li', h('b', service.host ? `${service.host} · ${service.pid}` : service.id), h('span.ok', '● alive'), h('span', said.join(' · ')), h('small', seen));
}

const STATES = { bad: ['bad', '✗ bad'], notice: ['warn', '! notice'], unknown: ['warn', '? unknown'], fine: ['ok', '● fine'] };
const gravity = finding => Object.keys(STATES).indexOf(finding.state);

function findingInWords({ check, state, found, cure, node }) {
  const [tone, words] = STATES[state] ?? ['', state];
  const cured = cure ? [h('br'), '→ ', ...withCode(cure)] : [];
  return h('li', h('b', check), h(`span.${tone}`, words), h('span', found, ...cured), h('small', node));
}
