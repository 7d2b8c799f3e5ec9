-- A look at a mind, for watching it, atomic: what is counted is what is shown.

-- cjson would take an empty list for an object.
local function as_list(values)
  return #values == 0 and '[]' or cjson.encode(values)
end

-- What a member of the contest says; false if it has left its window, empty if it is no thought.
local function content_of(prefix, member)
  local fine, id, window = pcall(split, member)
  local found = fine and redis.pcall('XRANGE', prefix .. window, id, id)
  if not fine or found.err then return '' end
  return found[1] and (to_map(found[1][2]).content or '') or false
end

-- The strongest as the contest has them (member, score, …), when each is due, and what it says.
local function leaders(keys, prefix, top)
  local best = redis.call('ZRANGE', keys[KEY.contest], 0, top - 1, 'WITHSCORES')
  if #best == 0 then return '[],[],[]' end
  local members, contents = {}, {}
  for i = 1, #best, 2 do
    members[#members + 1] = best[i]
    contents[#members] = content_of(prefix, best[i])
  end
  local due = redis.call('ZMSCORE', keys[KEY.deadlines], unpack(members))
  return cjson.encode(best) .. ',' .. cjson.encode(due) .. ',' .. cjson.encode(contents)
end

local function newest(stream, top)
  return as_list(redis.call('XREVRANGE', stream, '+', '-', 'COUNT', top))
end

local function lengths(prefix, names)
  local found = {}
  for i, name in ipairs(names) do
    local length = redis.pcall('XLEN', prefix .. name)
    if type(length) == 'table' then
      error(of_another_type(prefix .. name, 'stream') or length.err, 0)
    end
    found[i] = length
  end
  return as_list(found)
end

-- KEYS: as for a cycle, with the windows that are known. ARGV: prefix of window keys, how many of
-- each list.
-- Returns as one JSON text {now, ledger as a flat list, competing; the texts of the attended
-- thoughts that can be changed; newest entries of assembled and of the unconscious; windows, their
-- lengths; the leaders; lengths of the memory streams, newest entries of each}.
local function look(keys, args)
  local prefix, top = args[1], tonumber(args[2])
  local names = windows_of(keys)
  return '[' .. table.concat({
    whole(now_ms()),
    as_list(redis.call('HGETALL', keys[KEY.ledger])),
    whole(redis.call('ZCARD', keys[KEY.contest])),
    as_list(redis.call('HVALS', keys[KEY.intervening])),
    newest(keys[KEY.assembled], top), newest(keys[KEY.unconscious], top),
    as_list(names), lengths(prefix, names),
    leaders(keys, prefix, top),
    '[' .. redis.call('XLEN', keys[KEY.episodic]) .. ',' .. redis.call('XLEN', keys[KEY.semantic])
        .. ',' .. redis.call('XLEN', keys[KEY.procedural]) .. ']',
    newest(keys[KEY.episodic], top), newest(keys[KEY.semantic], top),
    newest(keys[KEY.procedural], top),
  }, ',') .. ']'
end

redis.register_function { function_name = 'attention_look_3', callback = naming(look),
                          flags = { 'no-writes' } }
