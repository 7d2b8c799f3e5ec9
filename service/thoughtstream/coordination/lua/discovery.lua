#!lua name=thoughtstream_discovery_1

-- Which windows there are. Functions, since these may write at maxmemory: a Redis that takes no new
-- thoughts is still served.

-- KEYS: a registry. ARGV: the channel, keys of windows. Those that are new in it are told, once.
-- Whatever else somebody put in its place gives way: it follows from the windows there are.
local function announce(keys, args)
  local new, type_ = {}, redis.call('TYPE', keys[1]).ok
  if type_ ~= 'set' and type_ ~= 'none' then redis.call('DEL', keys[1]) end
  for at = 2, #args do
    if redis.call('SADD', keys[1], args[at]) == 1 then new[#new + 1] = args[at] end
  end
  if #new > 0 then redis.call('PUBLISH', args[1], table.concat(new, '\n')) end
end

-- KEYS: a stream that nobody else makes. It is written to, and gone again.
local function probe(keys)
  redis.call('XADD', keys[1], '*', 'is', 'anybody there?')
  redis.call('DEL', keys[1])
end

redis.register_function { function_name = 'discovery_announce_1', callback = announce,
                          flags = { 'allow-oom' } }
redis.register_function { function_name = 'discovery_probe_1', callback = probe,
                          flags = { 'allow-oom' } }
