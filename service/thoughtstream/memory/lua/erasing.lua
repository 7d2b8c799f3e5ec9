-- Erasing a memory: it, and every copy of what it says, wherever one may be.

local ALSO = { merged = 10, assembled = 11, intervening = 12, contest = 13, deadlines = 14,
               windows = 15 }
local FIRST_COPIED = 16
local PAGE = 500

-- What names a memory in a copy of it, or in what came of it.
local SOURCES = { 'id', 'recalled', 'restored_from', 'merged_into' }
local ORIGINALS = { original_content = true, original_salience = true, original_kind = true,
                    recalled = true, restored_from = true, supersedes = true }

local function is_copy(fields, id)
  for _, name in ipairs(SOURCES) do
    if fields[name] == id then return true end
  end
  return false
end

-- Calls `use` with each entry of a stream after another one.
local function each_entry(stream, after, use)
  local last = after
  while true do
    local page = redis.call('XRANGE', stream, last, '+', 'COUNT', PAGE)
    for _, entry in ipairs(page) do use(entry[1], entry[2]) end
    if #page < PAGE then return end
    last = '(' .. page[#page][1]
  end
end

-- (a list of ids as JSON without this one; whether it was in there); nil: nothing is left
local function without_id(text_, id)
  local left, was_there = {}, false
  for _, other in ipairs(ids_of(text_)) do
    if other == id then was_there = true else left[#left + 1] = other end
  end
  return #left > 0 and cjson.encode(left) or nil, was_there
end

local function put_ids(key, name, ids)
  if ids then redis.call('HSET', key, name, ids) else redis.call('HDEL', key, name) end
end

-- Whether something came of the memory that is erased.
local function came_of(fields, id)
  local _, is_distilled = without_id(fields.distilled_from, id)
  return is_distilled or fields.recalled == id or fields.restored_from == id
         or fields.supersedes == id
end

-- Copies in a stream of what is no memory (any more): of what came of it, those in the same words.
local function erase_copies(run, stream)
  each_entry(stream, '-', function(entry, flat)
    local fields = to_map(flat)
    local says_the_same = fields.content == run.content and came_of(fields, run.id)
    if not (says_the_same or is_copy(fields, run.id)) then return end
    run.content = run.content or (fields.id == run.id and fields.content)
    local kept = fields.id == run.id and fields.merged_into
    if kept then
      local item = run.item_prefix .. kept
      local ids, was_there = without_id(redis.call('HGET', item, 'merged_from') or nil, run.id)
      if was_there then put_ids(item, 'merged_from', ids) end
    end
    redis.call('XDEL', stream, entry)
    run.copies = run.copies + 1
  end)
end

-- Attended copies never become memory.
local function erase_intervening(run)
  local intervening = redis.call('HGETALL', run.keys[ALSO.intervening])
  for i = 1, #intervening, 2 do
    if is_copy(to_map(cjson.decode(intervening[i + 1])), run.id) then
      redis.call('HDEL', run.keys[ALSO.intervening], intervening[i])
      redis.call('ZREM', run.keys[ALSO.deadlines], intervening[i])
      count(run, 'vetoed')
      run.copies = run.copies + 1
    end
  end
end

-- Copies that compete are pushed out; what was not adopted yet never was.
local function erase_competing(run, window)
  if redis.call('TYPE', window).ok ~= 'stream' then return end
  local _, last = string.find(window, '}:window:', 1, true)
  local name = string.sub(window, last + 1)
  each_entry(window, '-', function(entry, flat)
    local fields = to_map(flat)
    fields.id = entry .. '@' .. name
    if not is_copy(fields, run.id) then return end
    local ms, seq = string.match(entry, '^(%d+)-(%d+)$')
    local member = pad(ms) .. '-' .. pad(seq) .. '@' .. name
    redis.call('XDEL', window, entry)
    if redis.call('ZREM', run.keys[ALSO.contest], member) == 1 then
      redis.call('ZREM', run.keys[ALSO.deadlines], member)
      count(run, 'displaced')
    end
    run.copies = run.copies + 1
  end)
end

-- What came of it and says the same goes, too; what says something else stays, and no longer tells
-- what it was made of.
local function disown(run, memory)
  if not came_of(to_map(memory.flat), run.id) then return end
  remove(run, memory)
  if get(memory.flat, 'content') == run.content then
    count(run, 'erased')
    run.erased = run.erased + 1
    return
  end
  local flat = without(memory.flat, get(memory.flat, 'recalled') == run.id and ORIGINALS or {})
  for _, name in ipairs({ 'restored_from', 'supersedes' }) do
    if get(flat, name) == run.id then flat = without(flat, { [name] = true }) end
  end
  local ids, was_there = without_id(get(flat, 'distilled_from'), run.id)
  if was_there then set(flat, 'distilled_from', ids or '[]') end
  write_memory(memory.stream, memory.item_key, memory.kind, flat)
  for _, name in ipairs(OF_ITEM) do
    if memory.item[name] then redis.call('HSET', memory.item_key, name, memory.item[name]) end
  end
  run.disowned[#run.disowned + 1] = memory.id
end

-- KEYS: see KEY and ALSO, then the mind's windows. ARGV: prefix of item keys, the memory, for each
-- kind the last entry that was looked through, then the places of those that came of it.
-- Returns {memories that went, copies that went, ids of those that came of it and stay}.
local function erase(keys, args)
  local run = { keys = keys, item_prefix = args[1], id = args[2], erased = 0, copies = 0,
                disowned = {} }
  local memory = memory_of(run, args[2])
  if memory then
    run.id, run.content, run.erased = memory.id, get(memory.flat, 'content'), 1
    remove(run, memory)
    count(run, 'erased')
  end
  erase_copies(run, keys[KEY.unconscious])
  erase_copies(run, keys[ALSO.merged])
  erase_copies(run, keys[ALSO.assembled])
  erase_intervening(run)
  for at = FIRST_COPIED, #keys do erase_competing(run, keys[at]) end
  local places = {}
  for i = 6, #args do places[#places + 1] = args[i] end
  for i, kind in ipairs(KINDS) do
    each_entry(keys[KEY[kind]], '(' .. args[2 + i], function(entry)
      places[#places + 1] = kind .. '/' .. entry
    end)
  end
  for _, place in ipairs(places) do
    local other = memory_of(run, place)
    if other then disown(run, other) end
  end
  if run.erased + run.copies > 0 then count(run, 'erasures') end
  return { run.erased, run.copies, run.disowned }
end

redis.register_function { function_name = 'letting_go_erase_1', callback = erase,
                          flags = { 'allow-oom' } }
