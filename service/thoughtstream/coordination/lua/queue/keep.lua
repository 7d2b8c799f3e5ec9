
-- what is kept of tasks that have ended, and for how long -----------------------------------------

-- Tasks have ended so: ids, and for each what is kept of it.
local function keep_results(q, ids, results)
  local hset, zadd, bytes = {}, {}, 0
  for i, id in ipairs(ids) do
    hset[#hset + 1], hset[#hset + 2] = id, results[i]
    zadd[#zadd + 1], zadd[#zadd + 2] = whole(q.at), id
    bytes = bytes + #results[i] + OVERHEAD
  end
  redis.call('HSET', q.key('results'), unpack(hset))
  redis.call('ZADD', q.key('ended'), unpack(zadd))
  count(q, 'result_bytes', bytes)
end

-- Old results go, the oldest first: by time, and while there is too much of them. A few at a time.
local function forget_results(q, most, few)
  local ended, excess = q.key('ended'), q.ledger.result_bytes - most.result_bytes
  local before = q.at - most.result_ms
  local oldest = redis.call('ZRANGE', ended, 0, 0, 'WITHSCORES')
  if not oldest[1] or (tonumber(oldest[2]) > before and excess <= 0) then return end
  local gone, freed = {}, 0
  oldest = redis.call('ZRANGE', ended, 0, few - 1, 'WITHSCORES')
  for i = 1, #oldest, 2 do
    if tonumber(oldest[i + 1]) > before and freed >= excess then break end
    gone[#gone + 1] = oldest[i]
    freed = freed + redis.call('HSTRLEN', q.key('results'), oldest[i]) + OVERHEAD
  end
  redis.call('ZREM', ended, unpack(gone))
  redis.call('HDEL', q.key('results'), unpack(gone))
  count(q, 'result_bytes', -freed)
end

-- Too many dead, or too much of them: the oldest go, and are counted as discarded.
local function discard_dead(q, most)
  if not q.has_died then return end
  local dead = q.key('dead')
  for _ = 1, SWEEP do
    if redis.call('ZCARD', dead) <= most.dead and q.ledger.dead_bytes <= most.dead_bytes then return end
    local id = redis.call('ZPOPMIN', dead)[1]
    if not id then return end
    count(q, 'dead_bytes', -redis.call('HSTRLEN', q.key('entries'), id))
    count(q, 'discarded', 1)
    drop(q, { id })
  end
end
