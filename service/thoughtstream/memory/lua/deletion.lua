-- Deleting a mind: its keys go in one step, and with them what anybody would find of it; then, a
-- page at a time, what only a look through all keys finds. `deletion` has the lease of who does it,
-- and when the mind went: what was written later is a new mind's, and stays.

local MOST_SESSIONS = 1000

-- KEYS: deletion, sleep, windows, guard, then the other keys of the mind. ARGV: lease (ms), prefix of
-- window keys, prefix of the keys of sessions.
-- Returns {fence, now} | {'held', until}.
local function wipe(keys, args)
  local now = now_ms()
  if redis.call('TYPE', keys[1]).ok ~= 'hash' then redis.call('UNLINK', keys[1]) end
  local fence = take_lease(keys[1], now, tonumber(args[1]))
  if not fence then return { 'held', redis.call('HGET', keys[1], 'until') } end
  redis.call('HSET', keys[1], 'began', whole(now))
  if redis.call('TYPE', keys[3]).ok == 'set' then
    for _, window in ipairs(redis.call('SMEMBERS', keys[3])) do
      redis.call('UNLINK', args[2] .. window)
    end
  end
  local slept = redis.pcall('HGET', keys[2], 'fence')
  local last = type(slept) == 'string' and tonumber(slept) or 0
  for session = math.max(1, last - MOST_SESSIONS), last do
    redis.call('UNLINK', args[3] .. whole(session))
  end
  for at = 2, #keys do redis.call('UNLINK', keys[at]) end
  return { fence, whole(now) }
end

-- What is to stay of a key, by what it is: that of the mind that came after.
local STAYS = {}

function STAYS.item(key, streams)
  local item = redis.call('HMGET', key, 'kind', 'entry')
  local stream = item[1] and streams[item[1]]
  return stream and item[2] and redis.pcall('XRANGE', stream, item[2], item[2])[1]
end

function STAYS.window(key, _, began)
  local last = to_map(redis.call('XINFO', 'STREAM', key))['last-generated-id']
  if tonumber(string.match(last, '^%d+')) < began then return false end
  redis.call('XTRIM', key, 'MINID', whole(began))
  return true
end

function STAYS.asked(key, _, began)
  return (tonumber(string.match(redis.call('HGET', key, 'id') or '', '^%d+')) or 0) >= began
end

function STAYS.consolidation(key, _, began)
  return (tonumber(redis.call('HGET', key, 'started_at')  or '') or 0) >= began
end

local TYPES = { item = 'hash', window = 'stream', asked = 'hash', consolidation = 'hash' }

-- KEYS: deletion, the memory streams, then keys of the mind. ARGV: fence, lease (ms), then the family
-- of each of these keys. Returns how many went, or 'late'.
local function sweep(keys, args)
  if not renew_lease(keys[1], args[1], now_ms(), tonumber(args[2])) then return 'late' end
  local began, gone = tonumber(redis.call('HGET', keys[1], 'began')), 0
  local streams = { episodic = keys[2], semantic = keys[3], procedural = keys[4] }
  for at = 5, #keys do
    local family = args[at - 2]
    local own = STAYS[family] and redis.call('TYPE', keys[at]).ok == TYPES[family]
    if not (own and STAYS[family](keys[at], streams, began)) then
      gone = gone + redis.call('UNLINK', keys[at])
    end
  end
  return gone
end

-- KEYS: deletion, the memory streams, then what is derived of each, as many keys of each, and guard.
-- ARGV: fence, lease (ms), the channel and what to tell there. What somebody was just deriving goes.
local function finish(keys, args)
  if not renew_lease(keys[1], args[1], now_ms(), tonumber(args[2])) then return 'late' end
  for at = 5, #keys - 1 do
    if redis.call('EXISTS', keys[2 + (at - 5) % 3]) == 0 then redis.call('UNLINK', keys[at]) end
  end
  redis.call('DEL', keys[1])
  redis.call('PUBLISH', args[3], args[4])
  return 0
end

-- allow-oom: it makes room.
local OOM = { 'allow-oom' }
redis.register_function { function_name = 'owner_wipe_1', callback = wipe, flags = OOM }
redis.register_function { function_name = 'owner_sweep_1', callback = sweep, flags = OOM }
redis.register_function { function_name = 'owner_finish_1', callback = finish, flags = OOM }
