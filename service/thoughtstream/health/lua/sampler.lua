#!lua name=thoughtstream_sampler_1

-- What was measured of each server's memory, and the lease of who measures. They may write at
-- maxmemory: it is then that one wants to know. KEYS: memory.

-- ARGV: now, lease and interval in ms. Returns the fence of the lease; nil if another has it, or if
-- the last measurement is not that long ago.
local function begin(keys, args)
  local now, looked = tonumber(args[1]), tonumber(redis.call('HGET', keys[1], 'looked') or '-inf')
  if looked <= now and now - looked < tonumber(args[3]) then return nil end
  return take_lease(keys[1], now, tonumber(args[2]))
end

-- ARGV: fence, now and lease in ms. Returns whether it is still ours.
local function renew(keys, args)
  return renew_lease(keys[1], args[1], tonumber(args[2]), tonumber(args[3]))
end

-- ARGV: fence, now in ms, then each server and what was found there. Others are gone. Returns
-- whether it was taken.
local function finish(keys, args)
  if redis.call('HGET', keys[1], 'fence') ~= args[1] then return false end
  for _, field in ipairs(redis.call('HKEYS', keys[1])) do
    if field:sub(1, 3) == 'at ' then redis.call('HDEL', keys[1], field) end
  end
  for n = 3, #args, 2 do redis.call('HSET', keys[1], 'at ' .. args[n], args[n + 1]) end
  redis.call('HSET', keys[1], 'looked', args[2])
  give_lease_back(keys[1])
  return true
end

redis.register_function { function_name = 'sampler_begin_1', callback = begin,
                          flags = { 'allow-oom' } }
redis.register_function { function_name = 'sampler_renew_1', callback = renew,
                          flags = { 'allow-oom' } }
redis.register_function { function_name = 'sampler_finish_1', callback = finish,
                          flags = { 'allow-oom' } }
