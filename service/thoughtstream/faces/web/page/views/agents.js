// Agents and queues: who does what, what waits, and what could not be done, last and loud.

import { byId, h, shortened, tell } from '../drawing/elements.js';
import { ago, count, counted } from '../drawing/words.js';
import { get } from '../known/api.js';

const AGAIN_MS = 2000;
const STATES = { idle: ['ok', '● idle'], working: ['ok', '● working'], offline: ['warn', '! offline'] };

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
    if (!agents.problem) this.#drawAgents(agents.items);
    if (!queues.problem) this.#drawQueues(queues);
  }

  #drawAgents(agents) {
    const now = this.#watch.clock.now();
    const none = h('li.none', 'No agent is registered. One joins with ', h('code', 'thoughtstream agents join NAME'));
    byId('agent-list').replaceChildren(...(agents.length ? agents.map(agent => agentInWords(agent, now)) : [none]));
    tell(byId('agents-count'), agents.length ? count(agents.length) : '');
  }

  #drawQueues(queues) {
    const all = Object.entries(queues).map(([name, books]) => ({ name, ...books }));
    const rows = all.sort((a, b) => b.waiting - a.waiting).map(queueInWords);
    const dead = all.filter(queue => queue.dead > queue.discarded).map(deadInWords);
    const none = h('li.none', 'Nothing was submitted to any queue.');
    byId('queues').replaceChildren(...(rows.length ? [...rows, ...dead] : [none]));
  }
}

const asked = path => get(path).catch(problem => ({ problem }));

function agentInWords({ id, state, task, skills = [], last_seen: seen }, now) {
  const [tone, words] = STATES[state] ?? ['n', state];
  const doing = task ? `task ${task}` : skills.join(', ');
  return h('li', h('b', h('bdi', id)), h(`span.${tone}`, words), h('bdi', shortened(doing, 200)), h('small', seen ? ago(now - seen) : ''));
}

function queueInWords({ name, waiting, delayed, asking, leased, completed, idle_workers: idle, faults }) {
  const said = [`${count(waiting)} wait`, `${count(leased)} in work`, `${count(completed)} done`];
  if (delayed > asking) said.push(`${count(delayed - asking)} later`);
  if (asking) said.push(`${count(asking)} ask`);
  if (idle) said.push(`${counted(idle, 'worker')} idle`);
  const wrong = faults.length ? h('span.bad', '✗ books') : h('span.ok', '✓ balanced');
  return h('li', h('b', h('bdi', name)), wrong, h('span', [...said, ...faults].join(' · ')), h('small'));
}

function deadInWords({ name, dead, discarded = 0 }) {
  const command = `thoughtstream tasks replay ${name}`;
  return h('li', h('b', h('bdi', name)), h('span.bad', '✗ dead'), h('span', `${count(dead - discarded)} could not be done: `, h('code', command)), h('small'));
}
