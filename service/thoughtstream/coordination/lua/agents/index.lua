
-- index: names by when to look at them next ---------------------------------------------------------
--
-- A projection, and never the truth: in a cluster it is on another server than most of what it names.

-- KEYS: index. ARGV: most names, for how long nobody else is told of them (ms), how far ahead a time may
-- be (ms); then a name that is surely there, and when to look at it (ms from now). Returns {the time, how
-- many names there are, name, …}: those that are due. Whoever was told of them and dies has only delayed
-- the look.
local function due(keys, args)
  local index, now, hold = keys[1], now_ms(), tonumber(args[2])
  if args[4] then redis.call('ZADD', index, 'LT', whole(now + tonumber(args[5])), args[4]) end
  local names = redis.call('ZRANGE', index, '-inf', whole(now), 'BYSCORE', 'LIMIT', 0, tonumber(args[1]))
  local far = '(' .. whole(now + tonumber(args[3]))  -- from before the clock was set back
  for _, name in ipairs(redis.call('ZRANGE', index, far, '(+inf', 'BYSCORE', 'LIMIT', 0, 100)) do
    names[#names + 1] = name
  end
  for _, name in ipairs(names) do redis.call('ZADD', index, whole(now + hold), name) end
  return { now, redis.call('ZCARD', index), unpack(names) }
end

-- KEYS: index. ARGV: name, when to look at it (ms from now, `never`; `gone`: it is no longer there; with a
-- time: unless it was noted since for another), …
local function note(keys, args)
  local now = now_ms()
  for i = 1, #args, 2 do
    local name, when = args[i], args[i + 1]
    local told = string.match(when, '^gone ?(%d*)$')
    if told then
      if told == '' or tonumber(redis.call('ZSCORE', keys[1], name) or '0') == tonumber(told) then
        redis.call('ZREM', keys[1], name)
      end
    else
      redis.call('ZADD', keys[1], when == 'never' and '+inf' or whole(now + tonumber(when)), name)
    end
  end
end

publish_function('index_due_1', due, 'allow-oom')
publish_function('index_note_2', note, 'allow-oom')
