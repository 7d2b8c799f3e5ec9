-- The audit: the ledger against the keys.

local MOST_FAULTS = 20
local MEMORIES_SEEN = 10 -- at either end of each memory stream

local function note(faults, text_)
  if #faults < MOST_FAULTS then faults[#faults + 1] = text_ end
end

-- The id of a member as everybody knows it; the member itself if it is none.
local function named_id(member)
  local fine, id = pcall(public_id, member)
  return fine and id or member
end

-- Whoever competes or was attended has one deadline, and nobody does both. Returns all that competes,
-- to be crossed off where it is found. Read whole, in two calls: to ask for each would take longer.
local function audit_deadlines(keys, faults)
  local due, competing = {}, {}
  local deadlines = redis.call('ZRANGE', keys[KEY.deadlines], 0, -1)
  local contest = redis.call('ZRANGE', keys[KEY.contest], 0, -1)
  local attended = redis.call('HKEYS', keys[KEY.intervening])
  for _, member in ipairs(deadlines) do due[member] = true end
  for _, member in ipairs(contest) do
    competing[member] = true
    if not due[member] then note(faults, named_id(member) .. ': competes without a deadline') end
  end
  for _, member in ipairs(attended) do
    if competing[member] then
      note(faults, named_id(member) .. ': competes although it was attended')
    end
    if not due[member] then note(faults, named_id(member) .. ': was attended but has no deadline') end
  end
  local wanted = #contest + #attended
  if #deadlines ~= wanted then note(faults, #deadlines .. ' deadlines for ' .. wanted .. ' thoughts') end
  return competing
end

-- Until where attention has read a window.
local function read_until(window, faults)
  for _, group in ipairs(redis.call('XINFO', 'GROUPS', window)) do
    local info = to_map(group)
    if info.name == GROUP then
      if info.pending > 0 then note(faults, window .. ': ' .. info.pending .. ' pending entries') end
      return info['last-delivered-id']
    end
  end
  return '0-0'
end

-- What was read from a window and has not left it must compete: crosses it off. Returns how many
-- thoughts attention has not read yet.
local function audit_window(window, name, competing, faults)
  local kind = redis.call('TYPE', window).ok
  if kind == 'none' then return 0 end
  if kind ~= 'stream' then
    note(faults, window .. ': is a ' .. kind .. ', not a stream')
    return 0
  end
  local read, from, seen = read_until(window, faults), '-', 0
  repeat
    local entries = redis.call('XRANGE', window, from, read, 'COUNT', PAGE)
    for _, entry in ipairs(entries) do
      local member = member_of(entry[1], name)
      if competing[member] then
        competing[member] = nil
      else
        note(faults, public_id(member) .. ': was read but does not compete')
      end
    end
    seen = seen + #entries
    from = #entries == PAGE and '(' .. entries[PAGE][1]
  until not from
  return redis.call('XLEN', window) - seen
end

-- How many of those that were crossed off nowhere are in no window.
local function count_ghosts(prefix, competing, faults)
  local ghosts = 0
  for member in pairs(competing) do
    local fine, id, window = pcall(split, member)
    if not fine then note(faults, member .. ': competes, and is no thought') end
    local found = fine and redis.pcall('XRANGE', prefix .. window, id, id)
    if not (found and found[1]) then ghosts = ghosts + 1 end
  end
  return ghosts
end

-- Each memory has an item; looked up at the ends of a stream only, or it would take O(N).
local function audit_items(stream, item_prefix, faults)
  for _, command in ipairs({ { 'XRANGE', '-', '+' }, { 'XREVRANGE', '+', '-' } }) do
    local entries = redis.call(command[1], stream, command[2], command[3], 'COUNT', MEMORIES_SEEN)
    for _, entry in ipairs(entries) do
      local id = get(entry[2], 'id')
      if id and redis.call('HGET', item_prefix .. id, 'entry') ~= entry[1] then
        note(faults, id .. ': is a memory without its item')
      end
    end
  end
end

-- How many memories there are. O(1).
local function audit_memories(keys, item_prefix, faults)
  local memories = 0
  for _, kind in ipairs({ 'episodic', 'semantic', 'procedural' }) do
    local stream = keys[KEY[kind]]
    local length = redis.call('XLEN', stream)
    memories = memories + length
    if length > 0 then audit_items(stream, item_prefix, faults) end
  end
  return memories
end

-- KEYS: as for a cycle, with the windows that are known. ARGV: prefix of window keys, prefix of item
-- keys.
-- Returns {ledger as a flat list and `memories`, those there are; competing, intervening, unread,
-- ghosts, faults}.
local function audit(keys, args)
  local faults, unread = {}, 0
  local competing = audit_deadlines(keys, faults)
  for _, name in ipairs(windows_of(keys)) do
    unread = unread + audit_window(args[1] .. name, name, competing, faults)
  end
  local ghosts = count_ghosts(args[1], competing, faults)
  local ledger = redis.call('HGETALL', keys[KEY.ledger])
  set(ledger, 'memories', audit_memories(keys, args[2], faults))
  return { ledger, redis.call('ZCARD', keys[KEY.contest]), redis.call('HLEN', keys[KEY.intervening]),
           unread, ghosts, faults }
end

redis.register_function { function_name = 'attention_audit_3', callback = naming(audit),
                          flags = { 'no-writes' } }
