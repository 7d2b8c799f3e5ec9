-- What comes from elsewhere, and comes again if nobody said that it arrived: a mind takes it once.
-- `received` has the names of what came, each with the time until which it is remembered (ms).

-- KEYS: received, ledger, the window, guard. ARGV: for how long it is remembered (ms), the name of what
-- won, how many lost, their names, then the fields of the thought.
-- Returns its id; nothing if what won is known already.
local function think_once(keys, args)
  local received, losers, now = keys[1], tonumber(args[3]), now_ms()
  local till = whole(now + tonumber(args[1]))
  local id
  if not redis.call('ZSCORE', received, args[2]) then
    id = redis.call('XADD', keys[3], '*', unpack(args, 4 + losers)) .. '@' .. window_name(keys[3])
    redis.call('ZADD', received, till, args[2])
    redis.call('HINCRBY', keys[2], 'packets_won', 1)
  end
  for i = 4, 3 + losers do
    redis.call('HINCRBY', keys[2], 'packets_lost', redis.call('ZADD', received, 'NX', till, args[i]))
  end
  redis.call('ZREMRANGEBYSCORE', received, '-inf', whole(now))
  return id or false
end

-- KEYS: see KEY, then the window, then received. ARGV: the name of what came, then as of `anchor_now`.
-- Returns as that does; {'known', ''} if it came before. It is remembered for good.
local function anchor_once(keys, args)
  local received = keys[FIRST_WINDOW + 1]
  if redis.call('ZSCORE', received, args[1]) then return { 'known', '' } end
  local answer = anchor_now(keys, { unpack(args, 2) })
  if answer[1] == 'ok' then redis.call('ZADD', received, '+inf', args[1]) end
  return answer
end

redis.register_function('attention_think_once_3', think_once)
redis.register_function { function_name = 'attention_anchor_once_3', callback = anchor_once,
                          flags = { 'allow-oom' } }
