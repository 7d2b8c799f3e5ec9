#!lua name=thoughtstream_membership_1

-- The leases of services. Functions, since these may write at maxmemory: a Redis that takes no new
-- thoughts is served on.

-- KEYS: services. ARGV: id, now and lease in ms. Returns {those alive, those whose lease is over}. A lease
-- from the future is one from before the clock jumped back.
local function renew(keys, args)
  local now, lease = tonumber(args[2]), tonumber(args[3])
  local over = redis.call('ZRANGE', keys[1], '-inf', now - lease, 'BYSCORE')
  for _, id in ipairs(redis.call('ZRANGE', keys[1], now + lease, '+inf', 'BYSCORE')) do
    over[#over + 1] = id
  end
  for _, id in ipairs(over) do redis.call('ZREM', keys[1], id) end
  redis.call('ZADD', keys[1], now, args[1])
  return { redis.call('ZRANGE', keys[1], 0, -1), over }
end

-- KEYS: a service. ARGV: field, value, …
local function describe(keys, args)
  redis.call('HSET', keys[1], unpack(args))
end

-- KEYS: one that nobody else makes. It is new, and gone again.
local function make(keys)
  redis.call('HSET', keys[1], 'made', 1)
  redis.call('DEL', keys[1])
end

redis.register_function { function_name = 'membership_renew_1', callback = renew,
                          flags = { 'allow-oom' } }
redis.register_function { function_name = 'membership_describe_1', callback = describe,
                          flags = { 'allow-oom' } }
redis.register_function { function_name = 'membership_make_1', callback = make,
                          flags = { 'allow-oom' } }
