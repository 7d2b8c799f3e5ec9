-- Erasing a memory: it, and every copy of what it says, wherever one may be.

local ALSO = { merged = MERGED, assembled = 11, intervening = 12, contest = 13, deadlines = 14,
               windows = 15 }
local FIRST_COPIED = 16

-- What names a memory in a copy of it, or in what came of it.
local SOURCES = { 'id', 'recalled', 'restored_from', 'merged_into' }
local ORIGINALS = { original_content = true, original_salience = true, original_kind = true,
                    recalled = true, restored_from = true, supersedes = true }

-- `ids`, here and below: the memory that is erased, and what was merged into it.
local function is_copy(fields, ids)
  for _, name in ipairs(SOURCES) do
    if ids[fields[name] or ''] then return true end
  end
  return false
end

-- (a list of ids as JSON without these; whether one was in there); nil: nothing is left
local function without_ids(text_, ids)
  local left, was_there = {}, false
  for _, other in ipairs(ids_of(text_)) do
    if ids[other] then was_there = true else left[#left + 1] = other end
  end
  return #left > 0 and cjson.encode(left) or nil, was_there
end

local function put_ids(key, name, ids)
  if ids then redis.call('HSET', key, name, ids) else redis.call('HDEL', key, name) end
end

-- Whether something came of the memory that is erased.
local function came_of(fields, ids)
  local _, is_distilled = without_ids(fields.distilled_from, ids)
  return is_distilled or ids[fields.recalled or ''] or ids[fields.restored_from or '']
         or ids[fields.supersedes or '']
end

-- Copies in a stream of what is no memory (any more): of what came of it, those in the same words.
local function erase_copies(run, stream)
  each_entry(stream, '-', function(entry, flat)
    local fields = to_map(flat)
    local says_the_same = run.contents[fields.content or ''] and came_of(fields, run.ids)
    if not (says_the_same or is_copy(fields, run.ids)) then return end
    local is_it = run.ids[fields.id or '']
    if is_it and fields.content then run.contents[fields.content] = true end
    run.copies = run.copies + 1
    if run.only_looks then return end
    local kept = is_it and fields.merged_into
    if kept then
      local item = run.item_prefix .. kept
      local ids, was_there = without_ids(redis.call('HGET', item, 'merged_from') or nil, run.ids)
      if was_there then put_ids(item, 'merged_from', ids) end
    end
    redis.call('XDEL', stream, entry)
  end)
end

-- Attended copies never become memory.
local function erase_intervening(run)
  local intervening = redis.call('HGETALL', run.keys[ALSO.intervening])
  for i = 1, #intervening, 2 do
    if is_copy(to_map(cjson.decode(intervening[i + 1])), run.ids) then
      run.copies = run.copies + 1
      if not run.only_looks then
        redis.call('HDEL', run.keys[ALSO.intervening], intervening[i])
        redis.call('ZREM', run.keys[ALSO.deadlines], intervening[i])
        count(run, 'vetoed')
      end
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
    if not is_copy(fields, run.ids) then return end
    run.copies = run.copies + 1
    if run.only_looks then return end
    local ms, seq = string.match(entry, '^(%d+)-(%d+)$')
    local member = pad(ms) .. '-' .. pad(seq) .. '@' .. name
    redis.call('XDEL', window, entry)
    if redis.call('ZREM', run.keys[ALSO.contest], member) == 1 then
      redis.call('ZREM', run.keys[ALSO.deadlines], member)
      count(run, 'displaced')
    end
  end)
end

-- What came of it and says the same goes, too; what says something else stays, and no longer tells
-- what it was made of.
local function disown(run, memory)
  local was = to_map(memory.flat)
  if not came_of(was, run.ids) then return end
  local goes = run.contents[was.content or '']
  if goes then run.erased = run.erased + 1 else run.disowned[#run.disowned + 1] = memory.id end
  if run.only_looks then return end
  remove(run, memory)
  if goes then return count(run, 'erased') end
  local said_it = run.ids[was.recalled or ''] or run.ids[was.restored_from or '']
  local flat = without(memory.flat, said_it and ORIGINALS or {})
  if run.ids[was.supersedes or ''] then flat = without(flat, { supersedes = true }) end
  local ids, was_there = without_ids(was.distilled_from, run.ids)
  if was_there then set(flat, 'distilled_from', ids or '[]') end
  write_memory(memory.stream, memory.item_key, memory.kind, flat)
  for _, name in ipairs(OF_ITEM) do
    if memory.item[name] then redis.call('HSET', memory.item_key, name, memory.item[name]) end
  end
end

-- What was merged into it was it, too. Returns whether all that was so is in `known`.
local function take_merged(run, known)
  local all, grew = true, true
  while grew do
    grew = false
    each_entry(run.keys[ALSO.merged], '-', function(_, flat)
      local fields = to_map(flat)
      if not (fields.id and run.ids[fields.merged_into or '']) or run.ids[fields.id] then return end
      run.ids[fields.id], grew = true, true
      if fields.content then run.contents[fields.content] = true end
      all = all and known[fields.id]
    end)
  end
  return all
end

-- KEYS: see KEY and ALSO, then the mind's windows. ARGV: prefix of item keys, 'erase' | 'look' (only say
-- what would go), the memory, how many were merged into it, these, for each kind the last entry that was looked through, then the places of those
-- that came of any of them.
-- Returns {memories that went, copies that went, ids of those that came of it and stay}; nothing if
-- more was merged into it since, and nothing was done.
local function erase(keys, args)
  local run = { keys = keys, item_prefix = args[1], erased = 0, copies = 0, disowned = {},
                only_looks = args[2] == 'look' }
  local memory, known, first_mark = memory_of(run, args[3]), {}, 5 + tonumber(args[4])
  for i = 5, first_mark - 1 do known[args[i]] = true end
  run.ids, run.contents = { [memory and memory.id or args[3]] = true }, {}
  if not take_merged(run, known) then return false end
  if memory then
    run.contents[get(memory.flat, 'content') or ''], run.erased = true, 1
    if not run.only_looks then
      remove(run, memory)
      count(run, 'erased')
    end
  end
  erase_copies(run, keys[KEY.unconscious])
  erase_copies(run, keys[ALSO.merged])
  erase_copies(run, keys[ALSO.assembled])
  erase_intervening(run)
  for at = FIRST_COPIED, #keys do erase_competing(run, keys[at]) end
  local places = {}
  for i = first_mark + #KINDS, #args do places[#places + 1] = args[i] end
  for i, kind in ipairs(KINDS) do
    each_entry(keys[KEY[kind]], '(' .. args[first_mark + i - 1], function(entry)
      places[#places + 1] = kind .. '/' .. entry
    end)
  end
  for _, place in ipairs(places) do
    local other = memory_of(run, place)
    if other then disown(run, other) end
  end
  if run.only_looks then return { run.erased, run.copies, run.disowned } end
  if run.erased + run.copies > 0 then count(run, 'erasures') end
  return { run.erased, run.copies, run.disowned }
end

redis.register_function { function_name = 'letting_go_erase_2', callback = erase,
                          flags = { 'allow-oom' } }
