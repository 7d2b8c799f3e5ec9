-- Leases: something belongs to one worker for as long as that renews in time. Times in ms.

-- A lease that holds was last renewed between these two times. If it was renewed further in the
-- future, the clock has jumped back since, and the lease is over; less than a lease's length is
-- allowed for, since the clocks of a master and its replica differ a little.
local function lease_bounds(now, lease_ms)
  return now - lease_ms, now + lease_ms
end

-- one lease: a hash with `until`, when it ends, and `fence` -----------------------------------------

local function extend_lease(key, now, lease_ms)
  redis.call('HSET', key, 'until', whole(now + lease_ms))
end

-- Takes the lease; returns its fence, a number that is higher each time, or nil if it is taken.
local function take_lease(key, now, lease_ms)
  local first, last = lease_bounds(now, lease_ms)
  local renewed_at = tonumber(redis.call('HGET', key, 'until') or '0') - lease_ms
  if renewed_at > first and renewed_at < last then return nil end
  extend_lease(key, now, lease_ms)
  return whole(redis.call('HINCRBY', key, 'fence', 1))
end

-- Renews the lease; false if another worker has taken it since, however late this one comes.
local function renew_lease(key, fence, now, lease_ms)
  if redis.call('HGET', key, 'fence') ~= fence then return false end
  extend_lease(key, now, lease_ms)
  return true
end

local function give_lease_back(key)
  redis.call('HDEL', key, 'until')
end
