#!lua name=thoughtstream_letting_go_1

-- What the owner of a mind does with single memories. Each move is one atomic step.

local KEY = { ledger = 1, unconscious = 2, episodic = 3, semantic = 4, procedural = 5, guard = 6,
              vectors = { episodic = 7, semantic = 8, procedural = 9 } }
local FIRST_WINDOW = 10
local MERGED = 10
local PAGE = 500
local KINDS = { 'episodic', 'semantic', 'procedural' }
local IS_KIND = { episodic = true, semantic = true, procedural = true }

-- No thought is forgotten for being under this threshold: a memory was let go.
local LET_GO = '0'

-- What only its item has of a memory.
local OF_ITEM = { 'strength', 'replayed_at', 'merged_from' }

-- Written when a memory was let go; one that is taken back has none of it.
local OF_THE_ARCHIVED = { kind = true, forgotten_at = true, threshold = true, reason = true,
                          asked_by = true, superseded_by = true, strength = true,
                          replayed_at = true, merged_from = true }

-- What a producer has given such a name stands beside, until it is taken back.
local OWN = 'own_'

-- A memory by its id, or by its place `<kind>/<entry>` where no thought wrote it:
-- {id, kind, stream, entry, flat, item: what its item has, item_key}; nil if it is not there.
local function memory_of(run, name)
  local item_key = run.item_prefix .. name
  local item = to_map(redis.call('HGETALL', item_key))
  local kind, entry = item.kind, item.entry
  if not kind then kind, entry = string.match(name, '^(%a+)/(%d+%-%d+)$') end
  if not (entry and IS_KIND[kind]) then return nil end
  local stream = run.keys[KEY[kind]]
  local found = redis.call('XRANGE', stream, entry, entry)[1]
  if not found then return nil end
  local flat = each_once(found[2])
  local id = get(flat, 'id') or name
  if not item.kind and redis.call('HGET', run.item_prefix .. id, 'entry') == entry then
    item_key = run.item_prefix .. id
    item = to_map(redis.call('HGETALL', item_key))
  end
  return { id = id, kind = kind, stream = stream, entry = entry, flat = flat, item = item,
           item_key = item_key }
end

local function remove(run, memory)
  redis.call('HDEL', run.keys[KEY.vectors[memory.kind]], memory.entry)
  remove_memory(memory.stream, memory.item_key, to_map(memory.flat), memory.entry)
end

local function count(run, name, by)
  redis.call('HINCRBY', run.keys[KEY.ledger], name, by or 1)
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

-- It goes to the unconscious with all that is known of it. Returns its entry there.
local function archive(run, memory, reason, by, maxlen, superseded_by)
  local flat = memory.flat
  for name in pairs(OF_THE_ARCHIVED) do
    if get(flat, name) then set(flat, OWN .. name, get(flat, name)) end
  end
  if not get(flat, 'attended_at') then set(flat, 'score', '0') end -- no thought wrote it
  if not string.find(memory.id, '@', 1, true) then set(flat, 'id', memory.entry .. '@sensory') end
  set(flat, 'kind', memory.kind)
  set(flat, 'forgotten_at', whole(now_ms()))
  set(flat, 'threshold', LET_GO)
  set(flat, 'reason', reason)
  if superseded_by then set(flat, 'superseded_by', superseded_by) end
  if by ~= '' then set(flat, 'asked_by', by) end
  for _, name in ipairs(OF_ITEM) do
    if memory.item[name] then set(flat, name, memory.item[name]) end
  end
  return redis.call('XADD', run.keys[KEY.unconscious], 'MAXLEN', '~', maxlen, '*', unpack(flat))
end

-- KEYS: see KEY. ARGV: prefix of item keys, the memory, who asks, length of the unconscious.
-- Returns its entry in the unconscious; nothing if there is no such memory.
local function forget(keys, args)
  local run = { keys = keys, item_prefix = args[1] }
  local memory = memory_of(run, args[2])
  if not memory then return false end
  local entry = archive(run, memory, 'asked', args[3], args[4])
  remove(run, memory)
  count(run, 'let_go')
  return entry
end

-- KEYS: see KEY, then the window that the new memory is from. ARGV: prefix of item keys, the memory,
-- who asks, length of the unconscious, name of the window, kind ('': that of the old one), then the
-- new one's fields. Returns its id; nothing if there is no such memory.
local function supersede(keys, args)
  local run = { keys = keys, item_prefix = args[1] }
  local memory = memory_of(run, args[2])
  if not memory then return false end
  local now, flat = whole(now_ms()), {}
  for i = 7, #args do flat[#flat + 1] = args[i] end
  local id = new_id(keys[FIRST_WINDOW]) .. '@' .. args[5]
  local kind = args[6] ~= '' and args[6] or memory.kind
  local own = { id = id, window = args[5], score = get(flat, 'salience'), attended_at = now,
                encode_at = now, anchored_at = now, supersedes = memory.id }
  for name, value in pairs(own) do set(flat, name, value) end
  if args[3] ~= '' then set(flat, 'asked_by', args[3]) end
  archive(run, memory, 'superseded', args[3], args[4], id)
  remove(run, memory)
  write_memory(keys[KEY[kind]], run.item_prefix .. id, kind, flat)
  count(run, 'superseded')
  return id
end

-- What was part of a memory when it was archived, but for what has been taken out of it since; it is so
-- much weaker.
local function put_parts(run, item, was)
  local merged, left, strength = {}, {}, tonumber(was.strength)
  each_entry(run.keys[MERGED], '-', function(_, flat)
    local fields = to_map(flat)
    if fields.merged_into == was.id then merged[fields.id or ''] = true end
  end)
  for _, id in ipairs(ids_of(was.merged_from)) do
    if merged[id] then
      left[#left + 1] = id
    elseif strength and type(id) == 'string' and redis.call('EXISTS', run.item_prefix .. id) == 1 then
      strength = strength - (tonumber(redis.call('HGET', run.item_prefix .. id, 'strength') or '1') or 1)
    end
  end
  if #left > 0 then
    redis.call('HSET', item, 'merged_from', cjson.encode(left))
  else
    redis.call('HDEL', item, 'merged_from')
  end
  if strength then redis.call('HSET', item, 'strength', text(math.max(strength, 1))) end
end

-- KEYS: see KEY, then merged. ARGV: prefix of item keys, entry in the unconscious.
-- Returns the memory's id, which it keeps; nothing if no memory is there, or no longer.
local function take_back(keys, args)
  local run = { keys = keys, item_prefix = args[1] }
  local found = redis.call('XRANGE', keys[KEY.unconscious], args[2], args[2])[1]
  local was = found and to_map(found[2])
  if not (was and was.threshold == LET_GO and was.id and IS_KIND[was.kind]) then return false end
  local item = run.item_prefix .. was.id
  if redis.call('EXISTS', item) == 0 then
    local flat = without(each_once(found[2]), OF_THE_ARCHIVED)
    for i = 1, #flat, 2 do
      local own = string.sub(flat[i], #OWN + 1)
      if OF_THE_ARCHIVED[own] and flat[i] == OWN .. own then flat[i] = own end
    end
    write_memory(keys[KEY[was.kind]], item, was.kind, flat)
    for _, name in ipairs(OF_ITEM) do
      if was[name] then redis.call('HSET', item, name, was[name]) end
    end
    if was.merged_from then put_parts(run, item, was) end
    count(run, 'taken_back')
  end
  redis.call('XDEL', keys[KEY.unconscious], args[2])
  return was.id
end

redis.register_function { function_name = 'letting_go_forget_1', callback = forget,
                          flags = { 'allow-oom' } }
redis.register_function { function_name = 'letting_go_supersede_1', callback = supersede,
                          flags = { 'allow-oom' } }
redis.register_function('letting_go_take_back_2', take_back)
