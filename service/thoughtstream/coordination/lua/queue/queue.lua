#!lua name=thoughtstream_queue_1

-- One queue: a contest with leases and a ledger. A task is in exactly one of these at any moment:
-- `waiting` (by priority, then age), `delayed` (by due time), `leases` (by the end of its lease),
-- `dead`, or ended (counted in the ledger as completed or cancelled). `entries` has what is to be
-- done, for as long as the task has not ended, and never changes; `tries` what happened so far, and
-- `answers` what was asked and answered.

local KEY = { waiting = 1, delayed = 2, leases = 3, running = 4, entries = 5, tries = 6, ledger = 7,
              dead = 8, results = 9, ended = 10, idle = 11, waiters = 12, answers = 13, guard = 14 }
local SWEEP = 100      -- leases that end, tasks that fall due, results that go: at most, in one call
local OVERHEAD = 150   -- bytes that a result costs beside its text
local BELL_MS = 60000  -- what nobody has taken from a bell by then is protected by its lease
local OF_A_SUBMIT = { 'clock', 'skew', 'fence', 'submitted', 'bytes' }
local COUNTS = { 'clock', 'skew', 'fence', 'submitted', 'bytes', 'completed', 'dead_bytes',
                 'result_bytes' }
local RARE = { 'cancelled', 'discarded', 'returned', 'retried', 'replayed', 'late' }

-- The queue as a Function sees it: its keys, and the counts that it needs, read once. `at` is
-- the queue's own clock in ms: the server's, but never backwards. After the server's clock was set back
-- by an hour, or a replica whose clock is behind took over, nothing waits for an hour.
local function open(keys, counts)
  counts = counts or COUNTS
  local q = { ledger = {}, changed = { clock = true } }
  local values = redis.call('HMGET', keys[KEY.ledger], unpack(counts))
  for i = 1, #counts do q.ledger[counts[i]] = tonumber(values[i] or '0') end
  q.key = function(name) return keys[KEY[name]] end
  local wall = now_ms()
  q.at = wall + q.ledger.skew
  if q.at < q.ledger.clock then
    q.at = q.ledger.clock
    q.ledger.skew, q.changed.skew = q.at - wall, true
  end
  q.ledger.clock = q.at
  return q
end

local function count(q, name, by)
  if by == 0 then return end
  if not q.ledger[name] then
    redis.call('HINCRBY', q.key('ledger'), name, by)
    return
  end
  q.ledger[name] = q.ledger[name] + by
  q.changed[name] = true
end

-- Write the ledger. The last that a Function does with a queue.
local function close(q)
  local flat = {}
  for name in pairs(q.changed) do
    flat[#flat + 1], flat[#flat + 2] = name, whole(q.ledger[name])
  end
  redis.call('HSET', q.key('ledger'), unpack(flat))
end

-- A place in `waiting`: by priority, then by the number of its submission. Exact up to 2^40 tasks and
-- priorities of 11 bits and a sign.
local function place_of(priority, number)
  return string.format('%.0f', number - priority * 1099511627776)
end

-- A token says who holds a task, and all that is needed when the lease ends:
-- fence, attempt, most attempts, place in `waiting`, bytes of the entry, whether there are answers.
local function read_token(token)
  local fence, attempt, most, place, bytes =
    string.match(token, '^(%d+) (%d+) (%d+) (%S+) (%d+) [01]$')
  return { fence = fence, attempt = tonumber(attempt), most = tonumber(most), place = place,
           bytes = tonumber(bytes) }
end

-- An entry: place, most attempts, the context of its trace if it has one, time of submission; a line
-- break; the payload.
local function read_entry(entry)
  return string.match(entry, '^(%S+) (%d+) ')
end

-- What happened to a task so far: attempts, its place in `waiting`; a line break; what was said.
local function note(q, id, attempts, place, text_)
  redis.call('HSET', q.key('tries'), id, string.format('%d %s\n%s', attempts, place, text_ or ''))
end

local function read_note(tried)
  local attempts, place = string.match(tried, '^(%d+) (%S+)\n')
  return tonumber(attempts), place
end

-- What happened so far to each of these tasks, and what it was answered; empty where nothing is.
local function past_of(q, ids)
  local tries, answers = q.key('tries'), q.key('answers')
  if redis.call('EXISTS', tries, answers) == 0 then return {}, {} end
  return redis.call('HMGET', tries, unpack(ids)), redis.call('HMGET', answers, unpack(ids))
end

-- Lease these tasks; their entries are read unless they are given. Returns id, token and entry of each,
-- in turn.
local function lease(q, ids, lease_ms, entries)
  entries = entries or redis.call('HMGET', q.key('entries'), unpack(ids))
  local tries, answers = past_of(q, ids)
  local running, leases, out = {}, {}, {}
  local ends = whole(q.at + lease_ms)
  count(q, 'fence', 1)
  local fence, n = whole(q.ledger.fence), 0
  for i, id in ipairs(ids) do
    local entry = entries[i]
    local place, most = read_entry(entry)
    local attempt = tries[i] and read_note(tries[i]) + 1 or 1
    local token = fence .. ' ' .. attempt .. ' ' .. most .. ' ' .. place .. ' ' .. #entry
      .. (answers[i] and ' 1' or ' 0')
    running[2 * i - 1], running[2 * i] = id, token
    leases[2 * i - 1], leases[2 * i] = ends, id
    out[n + 1], out[n + 2], out[n + 3], n = id, token, entry, n + 3
  end
  redis.call('HSET', q.key('running'), unpack(running))
  redis.call('ZADD', q.key('leases'), unpack(leases))
  return out
end

local function unlease(q, ids)
  redis.call('ZREM', q.key('leases'), unpack(ids))
  redis.call('HDEL', q.key('running'), unpack(ids))
end

-- An idle worker, if there is one: the one that said so last is the likeliest to be alive.
local function idle_worker(q)
  return redis.call('ZRANGE', q.key('idle'), '+inf', whole(q.at), 'BYSCORE', 'REV', 'LIMIT', 0, 1)[1]
end

local function ring(q, listener, text_)
  local bell = string.sub(q.key('waiting'), 1, -8) .. 'bell:' .. listener
  redis.call('RPUSH', bell, text_)
  redis.call('PEXPIRE', bell, BELL_MS)
end

-- Nothing is left of these tasks but what is kept of their end.
local function drop(q, ids)
  redis.call('HDEL', q.key('entries'), unpack(ids))
  if redis.call('EXISTS', q.key('tries'), q.key('answers')) == 0 then return end
  redis.call('HDEL', q.key('tries'), unpack(ids))
  redis.call('HDEL', q.key('answers'), unpack(ids))
end

-- Ring an idle worker's bell; it has to say again that it is idle. With a task it has its lease.
local function wake(q, idle, id, entry)
  redis.call('ZREM', q.key('idle'), idle)
  local lease_ms, worker = string.match(idle, '^(%d+) (.*)$')
  local claim = id and lease(q, { id }, tonumber(lease_ms), entry and { entry }) or {}
  ring(q, worker, table.concat(claim, '\n'))
end

-- Hand over what waits to workers that are idle: afterwards nothing waits, or nobody is idle.
local function hand_over(q)
  while true do
    local idle = idle_worker(q)
    local id = idle and redis.call('ZPOPMIN', q.key('waiting'))[1]
    if not id then return end
    wake(q, idle, id)
  end
end

-- Those who wait for the end of these tasks are told.
local function tell(q, ids)
  local key = q.key('waiters')
  if redis.call('EXISTS', key) == 0 then return end
  for i, waiters in ipairs(redis.call('HMGET', key, unpack(ids))) do
    for waiter in string.gmatch(waiters or '', '%S+') do ring(q, waiter, ids[i]) end
  end
  redis.call('HDEL', key, unpack(ids))
end

-- A task can't be tried again. Its entry is kept, to be replayed.
local function die(q, id, held, reason)
  redis.call('ZADD', q.key('dead'), whole(q.at), id)
  note(q, id, held.attempt, held.place, reason)
  count(q, 'bytes', -held.bytes)
  count(q, 'dead_bytes', held.bytes)
  q.has_died = true
  tell(q, { id })
end
