#!lua name=thoughtstream_owner_1

-- What the owner of a mind does with it as a whole. Importing: each step may be made again, what is
-- there is skipped.

local KEY = { ledger = 1, received = 2, forgotten = 3, merged = 4, episodic = 5, semantic = 6,
              procedural = 7, guard = 8 }

-- The values after a count of them, and where they end.
local function counted(args, at)
  local flat, last = {}, at + tonumber(args[at])
  for i = at + 1, last do flat[#flat + 1] = args[i] end
  return flat, last + 1
end

local function sortable(entry)
  local ms, seq = string.match(entry, '^0*(%d+)%-0*(%d+)$')
  return pad(ms) .. pad(seq)
end

-- The entry itself where a stream can take it: it is of the past, and after all that are there.
local function place_for(stream, entry, now)
  local sorts = sortable(entry)
  if sorts > sortable(whole(now) .. '-0') then return '*' end
  if redis.call('EXISTS', stream) == 0 then return entry end
  local last = to_map(redis.call('XINFO', 'STREAM', stream))['last-generated-id']
  return sortable(last) < sorts and entry or '*'
end

-- KEYS: see KEY. ARGV: prefix of item keys, then for each memory its kind, entry, fields, and what
-- its item has beside; both as a count and so many values.
-- Returns for each 'new' | 'known' | 'conflicting'.
local function import_memories(keys, args)
  local at, now, states, new = 2, now_ms(), {}, 0
  while at <= #args do
    local kind, entry, flat, own = args[at], args[at + 1], nil, nil
    flat, at = counted(args, at + 2)
    own, at = counted(args, at)
    local item = args[1] .. get(flat, 'id')
    if redis.call('EXISTS', item) == 1 then
      local same = redis.call('HGET', item, 'content') == get(flat, 'content')
      states[#states + 1] = same and 'known' or 'conflicting'
    else
      local stream = keys[KEY[kind]]
      write_memory(stream, item, kind, flat, place_for(stream, entry, now))
      if #own > 0 then redis.call('HSET', item, unpack(own)) end
      states[#states + 1], new = 'new', new + 1
    end
  end
  if new > 0 then redis.call('HINCRBY', keys[KEY.ledger], 'imported', new) end
  return states
end

-- KEYS: see KEY. ARGV: 'forgotten' | 'merged', how many there may be, then for each its entry and
-- fields, as a count and so many values. Returns for each 'new' | 'known' | 'no room'.
local function import_left(keys, args)
  local at, now, states, what, most = 3, now_ms(), {}, args[1], tonumber(args[2])
  local stream, received = keys[KEY[what]], keys[KEY.received]
  while at <= #args do
    local entry, flat, state = args[at], nil, 'new'
    flat, at = counted(args, at + 1)
    local id = get(flat, 'id') or ''
    local name = what .. ' ' .. (get(flat, 'forgotten_at') or get(flat, 'merged_at') or '') .. ' ' .. id
    local there = redis.call('XRANGE', stream, entry, entry)[1]
    if there and (get(there[2], 'id') or '') == id or redis.call('ZSCORE', received, name) then
      state = 'known'
    elseif redis.call('XLEN', stream) >= most then
      state = 'no room'
    else
      local place = place_for(stream, entry, now)
      redis.call('XADD', stream, place, unpack(flat))
      if place == '*' then redis.call('ZADD', received, '+inf', name) end
    end
    states[#states + 1] = state
  end
  return states
end

redis.register_function('owner_import_memories_1', import_memories)
redis.register_function('owner_import_left_1', import_left)
