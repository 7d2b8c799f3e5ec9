#!lua name=thoughtstream_agents_1

-- Who has a name, and until when: agents and reservations alike are a hash with a lease and a fence.

-- A lease as a Function sees it: these fields of its hash (nil where there are none), and its own clock
-- `at` in ms: the server's, but never before the last renewal, `clock`.
local function read(key, names)
  local values = redis.call('HMGET', key, 'clock', 'skew', 'ends', unpack(names))
  local lease, wall = {}, now_ms()
  for i, name in ipairs(names) do lease[name] = values[i + 3] or nil end
  lease.clock, lease.ends = values[1] or '0', tonumber(values[3] or '0')
  lease.at = math.max(wall + tonumber(values[2] or '0'), tonumber(lease.clock))
  local skew = whole(lease.at - wall)
  lease.new_skew = skew ~= (values[2] or '0') and skew or nil
  return lease
end

-- The same, of who may write. By how much the server's clock is behind is remembered: after it was set
-- back by an hour, no lease holds for an hour more.
local function open(key, names)
  local lease = read(key, names)
  if lease.new_skew then redis.call('HSET', key, 'skew', lease.new_skew) end
  return lease
end

-- The lease goes on from now, for so long. Writes that, and these fields.
local function renew(key, lease, lease_ms, ...)
  lease.clock, lease.ends = whole(lease.at), lease.at + lease_ms
  redis.call('HSET', key, 'clock', lease.clock, 'ends', whole(lease.ends), ...)
end

-- A fence is higher than all before it. It follows the clock: so it is, too, where the last one is no
-- longer known.
local function next_fence(lease, last)
  return math.max(lease.at, tonumber(last or '0') + 1)
end

local function publish_function(name, callback, flag)
  redis.register_function { function_name = name, callback = callback, flags = { flag } }
end
