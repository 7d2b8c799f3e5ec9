
-- round ------------------------------------------------------------------------------------------

local FIRST, REPORT = 9, 4  -- where reports begin, and the arguments of each

-- Leases that have ended: back to where they were, or dead after the last attempt.
local function take_back(q)
  local over = redis.call('ZRANGE', q.key('leases'), '-inf', whole(q.at), 'BYSCORE', 'LIMIT', 0, SWEEP)
  if #over == 0 then return end
  local tokens = redis.call('HMGET', q.key('running'), unpack(over))
  unlease(q, over)
  for i, id in ipairs(over) do
    local held = read_token(tokens[i])
    if held.attempt >= held.most then
      die(q, id, held, 'the lease ended: its worker was lost, or silent for too long')
    else
      note(q, id, held.attempt, held.place)
      redis.call('ZADD', q.key('waiting'), held.place, id)
    end
  end
  count(q, 'returned', #over)
end

-- Delayed tasks that have fallen due wait from now on.
local function take_due(q)
  local due = redis.call('ZRANGE', q.key('delayed'), '-inf', whole(q.at), 'BYSCORE', 'LIMIT', 0, SWEEP)
  if #due == 0 then return end
  local waiting = {}
  for i, tried in ipairs(redis.call('HMGET', q.key('tries'), unpack(due))) do
    local _, place = read_note(tried)
    waiting[#waiting + 1], waiting[#waiting + 2] = place, due[i]
  end
  redis.call('ZADD', q.key('waiting'), unpack(waiting))
  redis.call('ZREM', q.key('delayed'), unpack(due))
end

-- A completion that comes again, since its answer was lost, is not late: its result is there.
local function was_accepted(q, report)
  if report.verb ~= 'done' then return false end
  local result = redis.call('HGET', q.key('results'), report.id)
  local fence = result and string.match(result, '^completed %d+ (%d+)\n')
  return fence and fence == string.match(report.token, '^%d+')
end

-- What a worker reports of tasks that it holds: id, token, verb, text. Verbs: `done` (the result),
-- `renew` (progress, or ''), `release` (it was not begun), `retry <ms>` (the error), `dead` (the error),
-- `ask` (the question).
-- Returns those that it does hold, and the ids of the others.
local function read_reports(q, args)
  local ids, held, lost, ended = {}, {}, {}, {}
  for i = FIRST, #args, REPORT do ids[#ids + 1] = args[i] end
  if #ids == 0 then return held, lost end
  for i, token in ipairs(redis.call('HMGET', q.key('running'), unpack(ids))) do
    local at = FIRST + (i - 1) * REPORT
    local report = { id = ids[i], token = args[at + 1], verb = args[at + 2], text = args[at + 3] }
    if token == report.token and not ended[report.id] then
      ended[report.id] = report.verb ~= 'renew'
      held[#held + 1] = report
    elseif not ended[report.id] and not was_accepted(q, report) then
      lost[#lost + 1] = report.id
      if report.verb ~= 'renew' then count(q, 'late', 1) end
    end
  end
  return held, lost
end

local function complete(q, ids, results, bytes)
  unlease(q, ids)
  drop(q, ids)
  keep_results(q, ids, results)
  count(q, 'completed', #ids)
  count(q, 'bytes', -bytes)
  tell(q, ids)
end

-- The lease is given back: the task waits again, is tried again later, waits for an answer, or is dead.
local function give_back(q, report, held)
  local id, wait = report.id, string.match(report.verb, '^retry (%d+)$')
  unlease(q, { id })
  if report.verb == 'release' then
    note(q, id, held.attempt - 1, held.place)
    redis.call('ZADD', q.key('waiting'), held.place, id)
  elseif report.verb == 'ask' then
    note(q, id, held.attempt - 1, held.place, report.text)
    redis.call('ZADD', q.key('delayed'), '+inf', id)
    tell(q, { id })
  elseif wait and held.attempt < held.most then
    note(q, id, held.attempt, held.place, report.text)
    redis.call('ZADD', q.key('delayed'), whole(q.at + tonumber(wait)), id)
    count(q, 'retried', 1)
  else
    die(q, id, held, report.text)
  end
end

local function take_reports(q, reports, lease_ms)
  local done, results, bytes, renewed = {}, {}, 0, {}
  local ended = 'completed ' .. whole(q.at) .. ' '
  for _, report in ipairs(reports) do
    local held = read_token(report.token)
    if report.verb == 'done' then
      done[#done + 1] = report.id
      results[#results + 1] = ended .. held.fence .. '\n' .. report.text
      bytes = bytes + held.bytes
    elseif report.verb == 'renew' then
      renewed[#renewed + 1], renewed[#renewed + 2] = whole(q.at + lease_ms), report.id
      if report.text ~= '' then note(q, report.id, held.attempt - 1, held.place, report.text) end
    else
      give_back(q, report, held)
    end
  end
  if #renewed > 0 then redis.call('ZADD', q.key('leases'), 'XX', unpack(renewed)) end
  if #done > 0 then complete(q, done, results, bytes) end
end

-- The first of what falls due by itself (ms on the queue's clock): a delayed task, or a lease.
local function first_due(q)
  local delayed = redis.call('ZRANGE', q.key('delayed'), 0, 0, 'WITHSCORES')[2]
  local ends = redis.call('ZRANGE', q.key('leases'), 0, 0, 'WITHSCORES')[2]
  return math.min(tonumber(delayed or 'inf'), tonumber(ends or 'inf'))
end

local function claim(q, want, lease_ms)
  local popped, ids = redis.call('ZPOPMIN', q.key('waiting'), want), {}
  for i = 1, #popped, 2 do ids[#ids + 1] = popped[i] end
  return #ids > 0 and lease(q, ids, lease_ms) or {}
end

-- The worker listens to its bell for so long (ms; 0: it doesn't), if it has room for more.
local function listen(q, worker, lease_ms, idle_ms)
  local idle, me = q.key('idle'), whole(lease_ms) .. ' ' .. worker
  if idle_ms == 0 then
    redis.call('ZREM', idle, me)
  else
    redis.call('ZADD', idle, whole(q.at + idle_ms), me)
    redis.call('ZREMRANGEBYSCORE', idle, '-inf', whole(q.at))
  end
end

-- ARGV: the worker, lease (ms), how many to claim, for how long it listens if there is less (ms),
-- for how long results are kept (ms) and how many bytes of them, how many dead are kept and how many
-- bytes of them; then the reports.
-- Returns {ids that it does not hold, ms until something falls due or -1, id, token, entry, …}.
local function round(keys, args)
  local q = open(keys)
  local worker, lease_ms, want, idle_ms = args[1], tonumber(args[2]), tonumber(args[3]), tonumber(args[4])
  local reports, lost = read_reports(q, args)
  take_reports(q, reports, lease_ms)
  local due = first_due(q)
  if due <= q.at then
    take_back(q)
    take_due(q)
    due = first_due(q)
  end
  local most = { result_ms = tonumber(args[5]), result_bytes = tonumber(args[6]),
                 dead = tonumber(args[7]), dead_bytes = tonumber(args[8]) }
  forget_results(q, most, SWEEP + #reports)
  discard_dead(q, most)
  local claims = want > 0 and claim(q, want, lease_ms) or {}
  listen(q, worker, lease_ms, #claims < 3 * want and idle_ms or 0)
  hand_over(q)
  close(q)
  return { lost, due < math.huge and math.max(due - q.at, 0) or -1, unpack(claims) }
end

redis.register_function { function_name = 'queue_round_1', callback = round, flags = { 'allow-oom' } }
