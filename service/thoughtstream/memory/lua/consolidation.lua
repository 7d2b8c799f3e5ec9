#!lua name=thoughtstream_consolidation_3

-- Consolidation, while a mind sleeps: one worker at a time has the session, by a lease with a fence,
-- and every move is one atomic step that changes nothing when it is made again. What was done is
-- written into the session's hash in the same step.

local KEY = { sleep = 1, session = 2, ledger = 3, episodic = 4, semantic = 5, procedural = 6,
              merged = 7, guard = 8 }
local NOTHING, LATE = 0, 'late'

-- the session ------------------------------------------------------------------------------------

-- KEYS: sleep, guard. ARGV: lease (ms), prefix of session keys, TTL of a session (s).
-- Returns {'held', session, until} | {fence, session, started_at, whether it was resumed}.
local function begin(keys, args)
  local now = now_ms()
  local fence = take_lease(keys[1], now, tonumber(args[1]))
  local session = redis.call('HGET', keys[1], 'session')
  if not fence then return { 'held', session or '', redis.call('HGET', keys[1], 'until') } end
  local started_at = session and redis.call('HGET', args[2] .. session, 'started_at')
  if started_at then return { fence, session, started_at, 1 } end
  redis.call('HSET', keys[1], 'session', fence)
  redis.call('HSET', args[2] .. fence, 'started_at', whole(now))
  redis.call('EXPIRE', args[2] .. fence, args[3])
  return { fence, fence, whole(now), 0 }
end

-- Every other step begins so. ARGV: fence, lease (ms), TTL of a session (s), prefix of item keys,
-- then its own.
local FIRST = 5

local function step(move)
  return function(keys, args)
    if not renew_lease(keys[KEY.sleep], args[1], now_ms(), tonumber(args[2])) then return LATE end
    local done = move({ keys = keys, args = args, item_prefix = args[4] }) or NOTHING
    if done ~= NOTHING then redis.call('EXPIRE', keys[KEY.session], args[3]) end
    return done
  end
end

local function record(run, count, field, value)
  redis.call('HSET', run.keys[KEY.session], field, value)
  redis.call('HINCRBY', run.keys[KEY.ledger], count, 1)
end

-- ARGV: 'end': the session is complete; 'pause': it is not, and any worker may resume it.
local function leave(run)
  local sleep = run.keys[KEY.sleep]
  give_lease_back(sleep)
  if run.args[FIRST] == 'end' then
    redis.call('HSET', sleep, 'slept_at', whole(now_ms()))
    redis.call('HDEL', sleep, 'session')
  end
end

-- the moves --------------------------------------------------------------------------------------

-- A memory's item, if its stream has it, too: (item as a map, stream, flat fields of the entry).
local function memory(run, id)
  local item = to_map(redis.call('HGETALL', run.item_prefix .. id))
  local stream = run.keys[KEY[item.kind or '']]
  local entry = stream and item.entry and redis.call('XRANGE', stream, item.entry, item.entry)[1]
  if entry then return item, stream, entry[2] end
end

local function strength_of(item)
  return tonumber(item.strength) or 1
end

-- What only its item has, of a memory that is merged: kept with it.
local OF_ITEM = { 'strength', 'replayed_at' }

-- Keeps all that a memory is for as long as the one that stands for it, so that it can be taken back.
local function keep(run, item, flat, kept)
  set(flat, 'kind', item.kind)
  set(flat, 'merged_at', whole(now_ms()))
  set(flat, 'merged_into', kept)
  for _, name in ipairs(OF_ITEM) do
    if item[name] then set(flat, name, item[name]) end
  end
  redis.call('XADD', run.keys[KEY.merged], '*', unpack(flat))
end

-- ARGV: the memory that stays, then those that go; one that others have become part of stays, too.
-- Returns how many went.
local function merge(run)
  local args, done = run.args, 0
  local kept = args[FIRST]
  local stays = memory(run, kept)
  if not stays then return NOTHING end
  local from, strength = ids_of(stays.merged_from), strength_of(stays)
  local replayed_at = tonumber(stays.replayed_at) or 0
  for i = FIRST + 1, #args do
    local id = args[i]
    local item, stream, flat = memory(run, id)
    if item and id ~= kept and #ids_of(item.merged_from) == 0 then
      keep(run, item, flat, kept)
      remove_memory(stream, run.item_prefix .. id, item, item.entry)
      from[#from + 1] = id
      strength = strength + strength_of(item)
      replayed_at = math.max(replayed_at, tonumber(item.replayed_at) or 0)
      record(run, 'merged', 'merged ' .. id, kept)
      done = done + 1
    end
  end
  if done == 0 then return NOTHING end
  redis.call('HSET', run.item_prefix .. kept, 'merged_from', cjson.encode(from),
             'strength', text(strength), 'replayed_at', whole(replayed_at))
  return done
end

-- ARGV: when the session began, then memories, each with its priority. Returns how many were new.
local function replay(run)
  local args, done = run.args, 0
  local started_at = args[FIRST]
  for i = FIRST + 1, #args, 2 do
    local id, item = args[i], run.item_prefix .. args[i]
    local was = redis.call('HMGET', item, 'entry', 'replayed_at', 'strength')
    if was[1] and was[2] ~= started_at then
      local strength = text(strength_of({ strength = was[3] }) + tonumber(args[i + 1]))
      redis.call('HSET', item, 'replayed_at', started_at, 'strength', strength)
      record(run, 'replayed', 'replayed ' .. id, args[i + 1] .. ' ' .. strength)
      done = done + 1
    end
  end
  return done
end

-- Written of one thought; a memory that several share has none of it.
local OF_ONE = { id = true, window = true, kind = true, encode_at = true, unmerged_at = true,
                 original_content = true, original_salience = true, original_kind = true,
                 reframed_at = true, boosted_at = true, reframed_by = true, boosted_by = true,
                 vetoed_by = true, restored_at = true, restored_by = true, restored_from = true,
                 asked_by = true, supersedes = true }

-- (the ids of both lists, each once; whether the second has new ones)
local function union(ids, more)
  local all, has, grew = {}, {}, false
  for _, id in ipairs(ids) do all[#all + 1], has[id] = id, true end
  for _, id in ipairs(more) do
    if not has[id] then all[#all + 1], has[id], grew = id, true, true end
  end
  return all, grew
end

-- ARGV: when the session began, id, window, content, the episode that it is like, then all its
-- episodes. A memory that grows moves to the end of its stream.
-- Returns 1, or 0 if it has these episodes already.
local function distil(run)
  local args, stream = run.args, run.keys[KEY.semantic]
  local started_at, id, window, content, like = unpack(args, FIRST, FIRST + 4)
  local key = run.item_prefix .. id
  local was = to_map(redis.call('HGETALL', key))
  if was.entry and not was.distilled_from then return NOTHING end
  local episodes = {}
  for i = FIRST + 5, #args do episodes[#episodes + 1] = args[i] end
  local from, grew = union(ids_of(was.distilled_from), episodes)
  local episode, _, flat = memory(run, like)
  if not grew or not episode then return NOTHING end
  flat = without(flat, OF_ONE)
  set(flat, 'content', content)
  set(flat, 'id', id)
  set(flat, 'window', window)
  set(flat, 'anchored_at', whole(now_ms()))
  set(flat, 'distilled_from', cjson.encode(from))
  if was.entry then remove_memory(stream, key, was, was.entry) end
  write_memory(stream, key, 'semantic', flat)
  redis.call('HSET', key, 'strength', was.strength or text(strength_of(episode)),
             'replayed_at', was.replayed_at or started_at)
  redis.call('HSET', run.keys[KEY.session], 'distilled ' .. id, cjson.encode(from))
  if not was.entry then redis.call('HINCRBY', run.keys[KEY.ledger], 'distilled', 1) end
  return 1
end

-- taking a merge back -------------------------------------------------------------------------------

local OF_THE_MERGED = { kind = true, merged_at = true, merged_into = true, strength = true,
                        replayed_at = true }

-- A memory no longer counts another as part of it.
local function let_go(kept, id, strength)
  local was = redis.call('HMGET', kept, 'entry', 'merged_from', 'strength')
  if not was[1] then return end
  local left = {}
  for _, other in ipairs(ids_of(was[2])) do
    if other ~= id then left[#left + 1] = other end
  end
  redis.call('HSET', kept, 'strength', text(strength_of({ strength = was[3] }) - strength))
  if #left > 0 then
    redis.call('HSET', kept, 'merged_from', cjson.encode(left))
  else
    redis.call('HDEL', kept, 'merged_from')
  end
end

-- KEYS: merged, ledger, episodic, semantic, procedural, guard. ARGV: prefix of item keys, entry.
-- Returns the memory's id; nothing if the entry is not there, or no longer.
local function unmerge(keys, args)
  local item_prefix, entry = args[1], args[2]
  local found = redis.call('XRANGE', keys[1], entry, entry)[1]
  if not found then return false end
  local was = to_map(found[2])
  local stream = ({ episodic = keys[3], semantic = keys[4], procedural = keys[5] })[was.kind or '']
  if not (stream and was.id and was.content and was.merged_into) then return false end
  local item = item_prefix .. was.id
  if redis.call('EXISTS', item) == 0 then
    local flat = without(found[2], OF_THE_MERGED)
    set(flat, 'unmerged_at', whole(now_ms()))
    write_memory(stream, item, was.kind, flat)
    for _, name in ipairs(OF_ITEM) do
      if was[name] then redis.call('HSET', item, name, was[name]) end
    end
    redis.call('HINCRBY', keys[2], 'unmerged', 1)
  end
  redis.call('XDEL', keys[1], entry)
  let_go(item_prefix .. was.merged_into, was.id, strength_of(was))
  return was.id
end

-- allow-oom: to merge frees memory, so it continues at maxmemory; to strengthen and to distil have to wait.
local OOM = { 'allow-oom' }
redis.register_function { function_name = 'consolidation_begin_3', callback = begin, flags = OOM }
redis.register_function { function_name = 'consolidation_hold_3', callback = step(function() end),
                          flags = OOM }
redis.register_function { function_name = 'consolidation_leave_3', callback = step(leave),
                          flags = OOM }
redis.register_function { function_name = 'consolidation_merge_3', callback = step(merge),
                          flags = OOM }
redis.register_function('consolidation_replay_3', step(replay))
redis.register_function('consolidation_distil_3', step(distil))
redis.register_function('consolidation_unmerge_3', unmerge)
