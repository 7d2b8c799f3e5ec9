#!lua name=thoughtstream_recall_1

-- What recall reads, many things at once: as commands of their own, most of the time would go into
-- sending them, and XINFO would give whole entries.

-- KEYS: streams, then as many timelines.
-- Returns for each stream {length, first entry, last entry, entries ever added, members}.
local function heads(keys)
  local found, count = {}, #keys / 2
  for at = 1, count do
    local head = { 0, false, false, 0, redis.call('ZCARD', keys[count + at]) }
    if redis.call('EXISTS', keys[at]) == 1 then
      local info = to_map(redis.call('XINFO', 'STREAM', keys[at]))
      head[1], head[4] = info.length, info['entries-added']
      head[2] = info['first-entry'] and info['first-entry'][1]
      head[3] = info['last-entry'] and info['last-entry'][1]
    end
    found[at] = head
  end
  return found
end

-- KEYS: streams. ARGV: pairs of a stream's number and an entry.
-- Returns for each {its fields and values}, or false where there is none.
local function read(keys, args)
  local found = {}
  for at = 1, #args, 2 do
    local entries = redis.call('XRANGE', keys[tonumber(args[at])], args[at + 1], args[at + 1])
    found[#found + 1] = entries[1] and entries[1][2] or false
  end
  return found
end

-- KEYS: streams. ARGV: what the keys of items begin with, then as in `read`.
-- Returns for each the sketch that its item has, or false.
local function sketches(keys, args)
  local found = {}
  for at = 2, #args, 2 do
    local entries = redis.call('XRANGE', keys[tonumber(args[at])], args[at + 1], args[at + 1])
    local fields, id = entries[1] and entries[1][2] or {}, nil
    for field = 1, #fields, 2 do
      if fields[field] == 'id' then
        id = fields[field + 1]
        break
      end
    end
    local item = id and redis.call('HMGET', args[1] .. id, 'entry', 'as_ranked')
    found[#found + 1] = item and item[1] == args[at + 1] and item[2] or false
  end
  return found
end

-- KEYS: items. Returns of each {kind, entry, sketch}, with false for what it has not.
local function described(keys)
  local found = {}
  for at, item in ipairs(keys) do
    found[at] = redis.call('HMGET', item, 'kind', 'entry', 'as_ranked')
  end
  return found
end

-- KEYS: items. ARGV: of each, its words for an index of the server, and its sketch. Those that are
-- gone stay so.
local function describe(keys, args)
  for at, item in ipairs(keys) do
    local words, sketch = args[2 * at - 1], args[2 * at]
    local known = redis.call('HMGET', item, 'words', 'as_ranked')
    local is_new = known[1] ~= words or known[2] ~= sketch
    if is_new and redis.call('EXISTS', item) == 1 then
      redis.call('HSET', item, 'words', words, 'as_ranked', sketch)
    end
  end
end

redis.register_function { function_name = 'recall_heads_1', callback = heads,
                          flags = { 'no-writes' } }
redis.register_function { function_name = 'recall_read_1', callback = read, flags = { 'no-writes' } }
redis.register_function { function_name = 'recall_sketches_1', callback = sketches,
                          flags = { 'no-writes' } }
redis.register_function { function_name = 'recall_described_1', callback = described,
                          flags = { 'no-writes' } }
redis.register_function { function_name = 'recall_describe_1', callback = describe }
