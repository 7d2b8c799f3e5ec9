-- The audit: the ledger against the keys.

local MOST_FAULTS = 20
local MEMORIES_SEEN = 10 -- at either end of each memory stream

local function note(faults, text_)
  if #faults < MOST_FAULTS then faults[#faults + 1] = text_ end
end

-- What was read from a window and has not left it must compete.
local function audit_window(keys, window, faults)
  local kind = redis.call('TYPE', window).ok
  if kind == 'none' then return 0 end
  if kind ~= 'stream' then
    note(faults, window .. ': is a ' .. kind .. ', not a stream')
    return 0
  end
  local read = '0-0'
  for _, group in ipairs(redis.call('XINFO', 'GROUPS', window)) do
    local info = to_map(group)
    if info.name == GROUP then
      read = info['last-delivered-id']
      if info.pending > 0 then note(faults, window .. ': ' .. info.pending .. ' pending entries') end
    end
  end
  local seen = 0
  for _, entry in ipairs(redis.call('XRANGE', window, '-', read)) do
    seen = seen + 1
    local member = member_of(entry[1], window_name(window))
    if not redis.call('ZSCORE', keys[KEY.contest], member) then
      note(faults, public_id(member) .. ': was read but does not compete')
    end
  end
  return redis.call('XLEN', window) - seen
end

local function audit_contest(keys, prefix, faults)
  local ghosts = 0
  for _, member in ipairs(redis.call('ZRANGE', keys[KEY.contest], 0, -1)) do
    if not take({ prefix = prefix }, member) then ghosts = ghosts + 1 end
    if not redis.call('ZSCORE', keys[KEY.deadlines], member) then
      note(faults, public_id(member) .. ': competes without a deadline')
    end
    if redis.call('HEXISTS', keys[KEY.intervening], member) == 1 then
      note(faults, public_id(member) .. ': competes although it was attended')
    end
  end
  return ghosts
end

-- Each memory has an item; looked up at the ends of a stream only, or it would take O(N).
local function audit_items(stream, item_prefix, faults)
  for _, command in ipairs({ { 'XRANGE', '-', '+' }, { 'XREVRANGE', '+', '-' } }) do
    local entries = redis.call(command[1], stream, command[2], command[3], 'COUNT', MEMORIES_SEEN)
    for _, entry in ipairs(entries) do
      local id = to_map(entry[2]).id
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
    memories = memories + redis.call('XLEN', stream)
    if item_prefix then audit_items(stream, item_prefix, faults) end
  end
  return memories
end

-- KEYS: as for a cycle. ARGV: prefix of window keys, prefix of item keys.
-- Returns {ledger as a flat list and `memories`, those there are; competing, intervening, unread,
-- ghosts, faults}.
local function audit(keys, args)
  local faults, unread = {}, 0
  for i = FIRST_WINDOW, #keys do unread = unread + audit_window(keys, keys[i], faults) end
  local ghosts = audit_contest(keys, args[1], faults)
  local competing = redis.call('ZCARD', keys[KEY.contest])
  local intervening = redis.call('HLEN', keys[KEY.intervening])
  for _, member in ipairs(redis.call('HKEYS', keys[KEY.intervening])) do
    if not redis.call('ZSCORE', keys[KEY.deadlines], member) then
      note(faults, public_id(member) .. ': was attended but has no deadline')
    end
  end
  local deadlines = redis.call('ZCARD', keys[KEY.deadlines])
  if deadlines ~= competing + intervening then
    note(faults, deadlines .. ' deadlines for ' .. competing + intervening .. ' thoughts')
  end
  local ledger = redis.call('HGETALL', keys[KEY.ledger])
  set(ledger, 'memories', audit_memories(keys, args[2], faults))
  return { ledger, competing, intervening, unread, ghosts, faults }
end

redis.register_function { function_name = 'attention_audit_3', callback = audit,
                          flags = { 'no-writes' } }
