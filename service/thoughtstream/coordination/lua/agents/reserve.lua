
-- reserve ----------------------------------------------------------------------------------------
--
-- KEYS of each: lease, past, waiting. `past` is what is kept for a day of a name that is free again, so
-- that its fences grow.

local RESERVATION = { 'fence', 'token', 'by' }
local PAST_MS = 86400000
local BELL_MS = 60000

-- The first of those who wait is told: it asks again. Who is no longer listening is passed over.
local function wake(keys, lease)
  redis.call('ZREMRANGEBYSCORE', keys[3], '-inf', whole(lease.at))
  local first = redis.call('ZPOPMIN', keys[3])[1]
  if not first then return end
  local bell = string.sub(keys[1], 1, -6) .. 'bell:' .. first
  redis.call('RPUSH', bell, '')
  redis.call('PEXPIRE', bell, BELL_MS)
end

-- ARGV: by whom, token, lease (ms), for how long the bell of this token is listened to if the name is
-- taken (ms). Returns {'ok', fence} | {'taken', by whom, for how long (ms)}.
local function take(keys, args)
  local lease, token = open(keys[1], RESERVATION), args[2]
  if lease.token and lease.token ~= token and lease.ends > lease.at then
    local listen_ms = tonumber(args[4])
    if listen_ms > 0 then redis.call('ZADD', keys[3], whole(lease.at + listen_ms), token) end
    return { 'taken', lease.by, lease.ends - lease.at }
  end
  local fence = lease.fence
  if lease.token ~= token then
    fence = whole(next_fence(lease, fence or redis.call('HGET', keys[2], 'fence')))
  end
  redis.call('DEL', keys[2])
  redis.call('ZREM', keys[3], token)
  renew(keys[1], lease, tonumber(args[3]), 'fence', fence, 'token', token, 'by', args[1])
  return { 'ok', fence }
end

-- ARGV: token, lease (ms). Also after the lease has ended, as long as nobody else has the name. Returns
-- whether it is held.
local function extend(keys, args)
  local lease = open(keys[1], RESERVATION)
  if lease.token ~= args[1] then return 0 end
  renew(keys[1], lease, tonumber(args[2]))
  return 1
end

local function free(keys, lease)
  redis.call('RENAME', keys[1], keys[2])
  redis.call('PEXPIRE', keys[2], PAST_MS)
  wake(keys, lease)
end

-- ARGV: token. Returns whether it was held.
local function release(keys, args)
  local lease = open(keys[1], RESERVATION)
  if lease.token ~= args[1] then return 0 end
  free(keys, lease)
  return 1
end

-- ARGV: token. Waits no longer; if it was told that the name is free, the next one is.
local function quit(keys, args)
  local lease = open(keys[1], RESERVATION)
  redis.call('ZREM', keys[3], args[1])
  if not lease.token then wake(keys, lease) end
end

-- A lease that has ended is freed. Returns when to look again, as the index notes it.
local function end_over(keys)
  local lease = open(keys[1], RESERVATION)
  if not lease.token then return 'gone' end
  if lease.ends > lease.at then return whole(lease.ends - lease.at) end
  free(keys, lease)
  return 'gone'
end

-- Returns {by whom, fence, for how long (ms)}; empty: it is free.
local function look(keys)
  local lease = read(keys[1], RESERVATION)
  if not lease.token or lease.ends <= lease.at then return {} end
  return { lease.by, lease.fence, lease.ends - lease.at }
end

publish_function('reserve_take_1', take, 'allow-oom')
publish_function('reserve_extend_1', extend, 'allow-oom')
publish_function('reserve_release_1', release, 'allow-oom')
publish_function('reserve_settle_1', end_over, 'allow-oom')
publish_function('reserve_quit_1', quit, 'allow-oom')
publish_function('reserve_look_1', look, 'no-writes')
