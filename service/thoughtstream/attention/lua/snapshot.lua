-- A snapshot of a mind, atomic: what is counted is what is shown.

-- The thoughts in their intervention window as flat field lists, the first to close comes first.
local function intervening(key)
  local thoughts = {}
  for _, packed in ipairs(redis.call('HVALS', key)) do
    thoughts[#thoughts + 1] = cjson.decode(packed)
  end
  table.sort(thoughts, function(a, b)
    local first, second = tonumber(get(a, 'encode_at')), tonumber(get(b, 'encode_at'))
    if first ~= second then return first < second end
    return get(a, 'id') < get(b, 'id')
  end)
  return thoughts
end

-- KEYS: contest, intervening, ledger, assembled, then the memory streams. ARGV: how many of the
-- attended thoughts, the newest first.
-- Returns {now, ledger as a flat list, competing, intervening, entries of assembled, lengths of the
-- memory streams}.
local function snapshot(keys, args)
  local lengths = {}
  for i = 5, #keys do lengths[#lengths + 1] = redis.call('XLEN', keys[i]) end
  return { now_ms(), redis.call('HGETALL', keys[3]), redis.call('ZCARD', keys[1]),
           intervening(keys[2]), redis.call('XREVRANGE', keys[4], '+', '-', 'COUNT', args[1]),
           lengths }
end

redis.register_function { function_name = 'attention_snapshot_3', callback = snapshot,
                          flags = { 'no-writes' } }
