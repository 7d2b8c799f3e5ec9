#!lua name=thoughtstream_membership_1

-- Which services are alive, by their leases. Functions, since these may write at maxmemory: a Redis
-- that takes no new thoughts is still served.

-- KEYS: services. ARGV: id, now and lease in ms. Returns {who is alive, whose lease is over}.
local function renew(keys, args)
  local over = end_leases(keys[1], tonumber(args[2]), tonumber(args[3]))
  redis.call('ZADD', keys[1], args[2], args[1])
  return { redis.call('ZRANGE', keys[1], 0, -1), over }
end

-- KEYS: a service. ARGV: field, value, …
local function describe(keys, args)
  redis.call('HSET', keys[1], unpack(args))
end

redis.register_function { function_name = 'membership_renew_1', callback = renew,
                          flags = { 'allow-oom' } }
redis.register_function { function_name = 'membership_describe_1', callback = describe,
                          flags = { 'allow-oom' } }
