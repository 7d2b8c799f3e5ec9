
-- cancel, replay, answer, audit, look --------------------------------------------------------------

-- Where a task is: 'waiting' | 'delayed' | 'leased' | 'dead' | 'asking'; nil: it has ended, or never was.
local function where_is(q, id)
  if redis.call('ZSCORE', q.key('waiting'), id) then return 'waiting' end
  local due = redis.call('ZSCORE', q.key('delayed'), id)
  if due then return due == 'inf' and 'asking' or 'delayed' end
  if redis.call('ZSCORE', q.key('leases'), id) then return 'leased' end
  if redis.call('ZSCORE', q.key('dead'), id) then return 'dead' end
end

-- ARGV: id. A worker that holds it is told when it next says something. Returns whether it was there.
local function cancel(keys, args)
  local q, id = open(keys), args[1]
  local where = where_is(q, id)
  if not where or where == 'dead' then return 0 end
  count(q, 'bytes', -redis.call('HSTRLEN', q.key('entries'), id))
  unlease(q, { id })
  redis.call('ZREM', q.key('waiting'), id)
  redis.call('ZREM', q.key('delayed'), id)
  drop(q, { id })
  keep_results(q, { id }, { 'cancelled ' .. whole(q.at) .. ' 0\n' })
  count(q, 'cancelled', 1)
  tell(q, { id })
  close(q)
  return 1
end

-- ARGV: most tasks, or an id. The dead wait again, with all their attempts. Returns how many.
local function replay(keys, args)
  local q, back = open(keys), 0
  local dead = q.key('dead')
  local ids = args[2] and { args[2] } or redis.call('ZRANGE', dead, 0, tonumber(args[1]) - 1)
  for _, id in ipairs(ids) do
    if redis.call('ZREM', dead, id) == 1 then
      local entry = redis.call('HGET', q.key('entries'), id)
      redis.call('HDEL', q.key('tries'), id)
      redis.call('ZADD', q.key('waiting'), (read_entry(entry)), id)
      count(q, 'bytes', #entry)
      count(q, 'dead_bytes', -#entry)
      back = back + 1
    end
  end
  count(q, 'replayed', back)
  hand_over(q)
  close(q)
  return back
end

-- ARGV: id, answer. A task that asked waits again; who works on it next can read the answer. Returns
-- whether it had asked.
local function answer(keys, args)
  local q, id = open(keys), args[1]
  if where_is(q, id) ~= 'asking' then return 0 end
  local tried = redis.call('HGET', q.key('tries'), id)
  local attempts, place = read_note(tried)
  local answers = cjson.decode(redis.call('HGET', q.key('answers'), id) or '{}')
  answers[string.match(tried, '\n(.*)$')] = args[2]
  redis.call('HSET', q.key('answers'), id, cjson.encode(answers))
  note(q, id, attempts, place)
  redis.call('ZREM', q.key('delayed'), id)
  redis.call('ZADD', q.key('waiting'), place, id)
  hand_over(q)
  close(q)
  return 1
end

-- The books: what was counted, and what there is, in one atomic look: field, value, … O(1): each task
-- that has not ended is in one place, and has one entry.
local function audit(keys)
  local q, out = open(keys), {}
  local function say(name, value) out[#out + 1], out[#out + 2] = name, value end
  for _, name in ipairs(COUNTS) do say(name, q.ledger[name]) end
  for _, name in ipairs(RARE) do
    say(name, tonumber(redis.call('HGET', q.key('ledger'), name) or '0'))
  end
  for _, name in ipairs({ 'waiting', 'delayed', 'leases', 'dead', 'ended', 'idle' }) do
    say(name, redis.call('ZCARD', q.key(name)))
  end
  for _, name in ipairs({ 'running', 'entries', 'results' }) do
    say(name, redis.call('HLEN', q.key(name)))
  end
  say('asking', redis.call('ZCOUNT', q.key('delayed'), '+inf', '+inf'))
  return out
end

-- ARGV: id. Returns {where, entry, tries, answers, result}, as far as there is one.
local function look(keys, args)
  local q, id = open(keys), args[1]
  local found = { where_is(q, id) or '' }
  for _, name in ipairs({ 'entries', 'tries', 'answers', 'results' }) do
    found[#found + 1] = redis.call('HGET', q.key(name), id) or ''
  end
  return found
end

-- ARGV: id, a listener. As `look`; while the task goes on, the listener's bell will ring at its end.
local function await(keys, args)
  local q, id = open(keys), args[1]
  local where, waiters = where_is(q, id), q.key('waiters')
  if where == 'waiting' or where == 'delayed' or where == 'leased' then
    local others = redis.call('HGET', waiters, id) or ''
    if not string.find(' ' .. others .. ' ', ' ' .. args[2] .. ' ', 1, true) then
      redis.call('HSET', waiters, id, others .. ' ' .. args[2])
    end
  end
  return look(keys, args)
end

-- ARGV: id. Whether a task is known; asked by a write, which can be waited for.
local function confirm(keys, args)
  local q = open(keys)
  close(q)
  return is_known(q, args[1]) and 1 or 0
end

local function register(name, callback, flag)
  redis.register_function { function_name = 'queue_' .. name .. '_1', callback = callback,
                            flags = { flag } }
end

register('cancel', cancel, 'allow-oom')
register('replay', replay, 'allow-oom')
register('answer', answer, 'allow-oom')
register('await', await, 'allow-oom')
register('confirm', confirm, 'allow-oom')
register('audit', audit, 'no-writes')
register('look', look, 'no-writes')
