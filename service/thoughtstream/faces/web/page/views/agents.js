// Agents and queues: who does what, what waits, and what could not be done, last and loud.

import { byId, h, says, tell } from '../drawing/elements.js';
import { ago, count, span } from '../drawing/words.js';
import { get } from '../known/api.js';

const AGAIN_MS = 2000;
const OK = new Set(['idle', 'working']);

export class AgentsView {
  #watch;
  #timer = 0;

  constructor(watch) {
    this.#watch = watch;
  }

  show() {
    this.#read();
    this.#timer = setInterval(() => this.#read(), AGAIN_MS);
  }

  hide() {
    clearInterval(this.#timer);
  }

  async #read() {
    const [agents, queues] = await Promise.all([asked('/v1/agents'), asked('/v1/queues')]);
    tell(byId('agents-problem'), agents.problem?.message ?? '');
    if (!agents.problem) this.#drawAgents(agents.items ?? []);
    if (!queues.problem) this.#drawQueues(queues.items ?? []);
  }

  #drawAgents(agents) {
    const now = this.#watch.clock.now();
    const none = h('li.none', 'No agent is registered. One joins with ', h('code', 'thoughtstream agents join NAME'));
    byId('agent-list').replaceChildren(...(agents.length ? agents.map(agent => agentInWords(agent, now)) : [none]));
    tell(byId('agents-count'), agents.length ? count(agents.length) : '');
  }

  #drawQueues(queues) {
    const now = this.#watch.clock.now();
    const rows = queues.map(queue => queueInWords(queue, now));
    const dead = queues.filter(queue => queue.dead > (queue.discarded ?? 0)).map(deadInWords);
    const none = h('li.none', 'Nothing was submitted to any queue.');
    byId('queues').replaceChildren(...(rows.length ? [...rows, ...dead] : [none]));
  }
}

const asked = path => get(path).catch(problem => ({ problem }));

function agentInWords({ id, state, task, skills = [], last_seen: seen }, now) {
  const state_ = OK.has(state) ? h('span.ok', `● ${state}`) : h('span.warn', `! ${state}`);
  const doing = task ? `task ${task}` : skills.join(', ');
  return h('li', h('b', h('bdi', id)), state_, says(doing, 200), h('small', seen ? ago(now - seen) : ''));
}

function queueInWords({ name, waiting = 0, leased = 0, completed = 0, oldest_ms: oldest, per_s: perSecond }, now) {
  const said = [`${count(waiting)} wait`, `${count(leased)} in work`];
  if (oldest) said.push(`oldest ${span(now - oldest)}`);
  said.push(perSecond === undefined ? `${count(completed)} done` : `${perSecond.toFixed(1)}/s`);
  return h('li', h('b', h('bdi', name)), h('span'), h('span', said.join(' · ')), h('small'));
}

function deadInWords({ name, dead, discarded = 0 }) {
  const command = `thoughtstream tasks dead ${name}`;
  return h('li', h('b', h('bdi', name)), h('span.bad', '✗ dead'), h('span', `${count(dead - discarded)} could not be done: `, h('code', command)), h('small'));
}
