-- What is asked for under a key, and asked for again if no answer came, is done once. A hash under
-- the key has the `id` of the thought and the `body` that it was made of; both are written with the
-- thought, in one step.

-- What came of this key before; nil if it is new.
local function answered(asked, body)
  local was = redis.call('HMGET', asked, 'id', 'body')
  if not was[1] then return nil end
  return { was[2] == body and 'ok' or 'reused', was[1] }
end

local function remember(asked, id, body, ttl_s)
  redis.call('HSET', asked, 'id', id, 'body', body)
  redis.call('EXPIRE', asked, ttl_s)
  return { 'ok', id }
end

-- KEYS: asked, the window, guard. ARGV: a hash of the body, for how long it is remembered (s), then
-- the fields of the thought. Returns {'ok', id} | {'reused', id}: the key was another thought's.
local function think_asked(keys, args)
  local before = answered(keys[1], args[1])
  if before then return before end
  local id = redis.call('XADD', keys[2], '*', unpack(args, 3)) .. '@' .. window_name(keys[2])
  return remember(keys[1], id, args[1], args[2])
end

-- KEYS: see KEY, then the window, then asked. ARGV: as `think_asked`, but the rest is as of
-- `anchor_now`. Returns as both do.
local function anchor_asked(keys, args)
  local asked = keys[FIRST_WINDOW + 1]
  local before = answered(asked, args[1])
  if before then return before end
  local answer = anchor_now(keys, { unpack(args, 3) })
  if answer[1] ~= 'ok' then return answer end
  return remember(asked, answer[2], args[1], args[2])
end

redis.register_function('attention_think_asked_3', think_asked)
redis.register_function { function_name = 'attention_anchor_asked_3', callback = anchor_asked,
                          flags = { 'allow-oom' } }
