#!lua name=thoughtstream_cache_1

-- KEYS of every Function: a value, its flight, the guard of their slot. The flight says who computes
-- the value: `holder` (a fence that is nobody else's), `until` and `lease` (ms); who waits for it:
-- `waiter:<name>`; and what the value that is there cost to compute: `cost` (ms). It may be evicted:
-- then another computation may begin, and what the first one brings is refused, for its fence is gone.

local VALUE, FLIGHT = 1, 2
local BELL_MS = 60000  -- who has not heard his bell by then has asked again

-- What is left of the lease (ms); nil: nobody computes. Who has more left than a whole lease had it
-- before the clock was set back.
local function left(flight)
  local holds, lease = unpack(redis.call('HMGET', flight, 'until', 'lease'))
  if not holds then return nil end
  local ms = tonumber(holds) - now_ms()
  return ms > 0 and ms <= tonumber(lease) and ms or nil
end

local function is_holder(flight, fence)
  return redis.call('HGET', flight, 'holder') == fence
end

local function lease(keys, fence, ms)
  local flight = keys[FLIGHT]
  redis.call('HSET', flight, 'holder', fence, 'lease', ms, 'until', whole(now_ms() + ms))
  redis.call('PEXPIRE', flight, math.max(redis.call('PTTL', keys[VALUE]), 2 * ms))
end

-- Nobody computes any more: those who wait are told how it ended. What the value cost stays known for
-- as long as the value is there.
local function release(keys, how, cost)
  local flight, ttl = keys[FLIGHT], redis.call('PTTL', keys[VALUE])
  local fields = redis.call('HKEYS', flight)
  redis.call('DEL', flight)
  for _, field in ipairs(fields) do
    local waiter = string.match(field, '^waiter:(.*)$')
    if waiter then
      local bell = 'deepcode:bell:{' .. keys[VALUE] .. '}:' .. waiter
      redis.call('RPUSH', bell, how)
      redis.call('PEXPIRE', bell, BELL_MS)
    end
  end
  if cost and ttl > 0 then
    redis.call('HSET', flight, 'cost', cost)
    redis.call('PEXPIRE', flight, ttl)
  end
end

-- ARGV: who asks, lease (ms). Returns {'value', it} | {'compute'}: whoever asked does, and what he said
-- of himself is his fence | {'wait', ms}: at his bell, for so long; then he asks again.
local function begin(keys, args)
  local me, ms = args[1], tonumber(args[2])
  local value, flight = redis.call('GET', keys[VALUE]), keys[FLIGHT]
  if value then return { 'value', value } end
  local busy = not is_holder(flight, me) and left(flight)
  if busy then
    redis.call('HSET', flight, 'waiter:' .. me, '')
    return { 'wait', busy }
  end
  lease(keys, me, ms)
  return { 'compute' }
end

-- ARGV: who asks, lease (ms), what he drew. Whether it is time to compute a value anew, though it is
-- still there. Returns {'compute'} | {'not yet', its time to live (ms), its cost (ms)}; while somebody
-- does so, what is left of the lease stands for the time to live.
local function refresh(keys, args)
  local flight, ttl = keys[FLIGHT], redis.call('PTTL', keys[VALUE])
  local busy = left(flight)
  if busy then return { 'not yet', busy, 0 } end
  local cost = tonumber(redis.call('HGET', flight, 'cost') or '0')
  if ttl <= 0 or ttl > cost * tonumber(args[3]) then return { 'not yet', ttl, cost } end
  lease(keys, args[1], tonumber(args[2]))
  return { 'compute' }
end

-- ARGV: fence, lease (ms). Returns whether it still fits.
local function renew(keys, args)
  if not is_holder(keys[FLIGHT], args[1]) then return 0 end
  lease(keys, args[1], tonumber(args[2]))
  return 1
end

-- ARGV: the value, its time to live (ms), and if it was computed: fence, cost (ms). Whoever computes it
-- meanwhile is too late. Returns whether it was kept.
local function put(keys, args)
  local fence, cost = args[3], args[4]
  if fence and not is_holder(keys[FLIGHT], fence) then return 0 end
  redis.call('SET', keys[VALUE], args[1], 'PX', args[2])
  release(keys, 'ended', cost)
  return 1
end

-- ARGV: fence, how it ended without a value: 'ended' (another may try), or 'not kept'.
local function leave(keys, args)
  local flight = keys[FLIGHT]
  if is_holder(flight, args[1]) then release(keys, args[2], redis.call('HGET', flight, 'cost')) end
  return 1
end

-- Whoever computes the value just now is too late. Returns whether it was there.
local function delete(keys)
  local was_there = redis.call('DEL', keys[VALUE])
  release(keys, 'ended')
  return was_there
end

local function register(name, callback, flags)
  redis.register_function { function_name = 'cache_' .. name .. '_1', callback = callback, flags = flags }
end

register('begin', begin, {})
register('refresh', refresh, {})
register('put', put, {})
register('renew', renew, { 'allow-oom' })
register('leave', leave, { 'allow-oom' })
register('delete', delete, { 'allow-oom' })
