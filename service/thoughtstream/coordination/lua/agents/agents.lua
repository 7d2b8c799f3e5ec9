
-- agents -----------------------------------------------------------------------------------------
--
-- KEYS of each: status, state, past, and of the inbox: waiting, leases, ledger. All have one slot.
-- `state` is the truth, and there as long as the agent is registered; `status` is what everybody may
-- read, and never read here; `past` is what is left of an agent that has left.

local AGENT = { 'fence', 'holder', 'state', 'task', 'about', 'suspect' }

-- The status as JSON. `about` and `task` are JSON already.
local function describe(keys, agent, state)
  local counts = redis.call('HMGET', keys[6], 'submitted', 'completed', 'cancelled')
  return table.concat({
    '{', agent.about, ',"state":"', state, '","task":', state == 'working' and agent.task or 'null',
    ',"last_seen":', agent.clock,
    ',"inbox":{"submitted":', counts[1] or '0', ',"waiting":', redis.call('ZCARD', keys[4]),
    ',"leased":', redis.call('ZCARD', keys[5]), ',"completed":', counts[2] or '0',
    ',"cancelled":', counts[3] or '0', '}}' })
end

local function publish(keys, agent)
  redis.call('SET', keys[1], describe(keys, agent, agent.state))
end

-- ARGV: holder ('': nobody, whoever comes next may have the name), lease (ms), whether to take the name
-- from who has it, about. Returns {'ok', fence} | {'held', by whom, for how long (ms)}.
local function register(keys, args)
  local agent, holder = open(keys[2], AGENT), args[1]
  local others = agent.fence and agent.holder ~= '' and agent.holder ~= holder
  if others and agent.state ~= 'offline' and agent.ends > agent.at and args[3] ~= '1' then
    return { 'held', agent.holder, agent.ends - agent.at }
  end
  local fence = whole(next_fence(agent, agent.fence or redis.call('HGET', keys[3], 'fence')))
  agent.about, agent.state, agent.task = args[4], 'idle', 'null'
  redis.call('DEL', keys[3])
  renew(keys[2], agent, tonumber(args[2]), 'fence', fence, 'holder', holder, 'about', agent.about,
    'state', agent.state, 'task', agent.task, 'suspect', '')
  publish(keys, agent)
  return { 'ok', fence }
end

-- ARGV: holder, fence, lease (ms), state, task, about (or none: as before). Also after the lease has
-- ended, as long as nobody else has the name. Returns 'ok' | 'superseded' | 'left' | 'unknown'.
local function beat(keys, args)
  local agent = open(keys[2], AGENT)
  if not agent.fence then return redis.call('EXISTS', keys[3]) == 1 and 'left' or 'unknown' end
  if agent.holder ~= args[1] or agent.fence ~= args[2] then return 'superseded' end
  local about = args[6] or agent.about
  if agent.state == args[4] and agent.task == args[5] and agent.about == about and agent.suspect == '' then
    renew(keys[2], agent, tonumber(args[3]))
  else
    agent.state, agent.task, agent.about = args[4], args[5], about
    renew(keys[2], agent, tonumber(args[3]), 'state', agent.state, 'task', agent.task, 'about', about,
      'suspect', '')
  end
  publish(keys, agent)
  return 'ok'
end

-- ARGV: the time between two beats (ms). Offline is who has let his lease end, and has said nothing from
-- one look to the next, a beat apart: when a clock jumps ahead all leases have ended, and nobody is gone.
-- Returns when to look again, as the index notes it.
local function settle(keys, args)
  local agent, beat_ms = open(keys[2], AGENT), tonumber(args[1])
  if not agent.fence then return 'gone' end
  if agent.state == 'offline' then return 'never' end
  local first = agent.ends - beat_ms
  if agent.at < first then return whole(first - agent.at) end
  local suspect = tonumber(agent.suspect)
  if not suspect then
    suspect = agent.at
    redis.call('HSET', keys[2], 'suspect', whole(suspect))
  end
  local last = math.max(agent.ends, suspect + beat_ms)
  if agent.at < last then return whole(last - agent.at) end
  agent.state = 'offline'
  redis.call('HSET', keys[2], 'state', 'offline')
  publish(keys, agent)
  return 'never'
end

-- The agent is no longer registered; its status says so. Returns whether it was.
local function leave(keys)
  local agent = open(keys[2], AGENT)
  if not agent.fence then return 0 end
  agent.state = 'left'
  redis.call('RENAME', keys[2], keys[3])
  publish(keys, agent)
  return 1
end

-- ARGV: for how long an agent may be offline (ms). Nothing is left of one that has left, or is offline for
-- longer. Returns when to look again, as the index notes it.
local function forget(keys, args)
  local agent = open(keys[2], AGENT)
  if agent.fence and agent.state ~= 'offline' then return 'gone' end
  local left = agent.fence and tonumber(agent.clock) + tonumber(args[1]) - agent.at or 0
  if left > 0 then return whole(left) end
  redis.call('DEL', keys[1], keys[2], keys[3])
  return 'gone'
end

-- Returns the status as it is now; '' if there is no such agent.
local function look(keys)
  local agent = read(keys[2], AGENT)
  if not agent.fence then return '' end
  return describe(keys, agent, agent.ends > agent.at and agent.state or 'offline')
end

-- KEYS: state. Returns for how long its lease goes on (ms); 0: it is over, or there is no such agent.
local function lease(keys)
  local agent = open(keys[1], { 'state' })
  if not agent.state or agent.state == 'offline' then return 0 end
  return math.max(agent.ends - agent.at, 0)
end

publish_function('agent_register_1', register, 'allow-oom')
publish_function('agent_beat_1', beat, 'allow-oom')
publish_function('agent_settle_1', settle, 'allow-oom')
publish_function('agent_leave_1', leave, 'allow-oom')
publish_function('agent_forget_2', forget, 'allow-oom')
publish_function('agent_lease_1', lease, 'allow-oom')
publish_function('agent_look_1', look, 'no-writes')
