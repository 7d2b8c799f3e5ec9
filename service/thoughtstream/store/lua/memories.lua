-- A memory: an entry in the stream of its kind, and an item that can be searched.

-- Where a memory stands among those of its kind: by when it was said (`at`, else its id), which is
-- not the order of the stream: that is when it was encoded. Each window
-- has ids of its own, so what was encoded in the millisecond it was said stands as in the stream.
-- As in timeline.py.
local function place_in_time(fields, entry)
  local ms, seq, window = string.match(fields.id or '', '^(%d+)-(%d+)@(.*)$')
  local entry_ms, entry_seq = string.match(entry, '^(%d+)-(%d+)$')
  if not ms or #ms > 20 or #seq > 20 or ms == entry_ms then
    ms, seq, window = entry_ms, entry_seq, ''
  end
  local at = fields.at and #fields.at <= 18 and string.match(fields.at, '^%d+$')
  return pad(at or ms) .. ' ' .. pad(ms) .. '-' .. pad(seq) .. '@' .. window .. ' ' .. entry
end

local function timeline_of(stream)
  return (string.gsub(stream, '}:(%a+)$', '}:timeline:%1'))
end

-- Removes a memory: its entry, its item, its place in time. `fields` are those of either.
local function remove_memory(stream, item, fields, entry)
  redis.call('XDEL', stream, entry)
  redis.call('ZREM', timeline_of(stream), place_in_time(fields, entry))
  redis.call('DEL', item)
end

-- Writes a memory of these fields, which have its content, as a stream entry, as an item and in its
-- place in time. `at`: the entry that it is to have, if that matters.
local function write_memory(stream, item, kind, flat, at)
  local entry = redis.call('XADD', stream, at or '*', unpack(flat))
  redis.call('ZADD', timeline_of(stream), 0, place_in_time(to_map(flat), entry))
  redis.call('HSET', item, 'kind', kind, 'entry', entry, unpack(flat))
end

-- Has a stream give out an id, so that this thought can't be mistaken for another.
local function new_id(window)
  local id = redis.call('XADD', window, '*', 'content', '-')
  redis.call('XDEL', window, id)
  return id
end
