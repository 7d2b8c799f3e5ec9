-- Adoption: what is new in the windows enters the contest, or is rejected, or displaced.

local function count(run, name, by)
  run.counts[name] = (run.counts[name] or 0) + (by or 1)
end

local function record(run)
  for name, by in pairs(run.counts) do
    redis.call('HINCRBY', run.keys[KEY.ledger], name, by)
  end
end

local function reject(run, window, entry_id, content, reason)
  redis.call('XADD', run.keys[KEY.rejected], 'MAXLEN', '~', run.cfg.rejected_maxlen, '*',
             'id', entry_id .. '@' .. window_name(window), 'reason', reason,
             'content', string.sub(content or '', 1, 256))
  redis.call('XDEL', window, entry_id)
  count(run, 'rejected')
end

-- A page of entries of one window enters the contest.
local function adopt_page(run, window, entries)
  local name, members, strengths = window_name(window), {}, {}
  for _, entry in ipairs(entries) do
    local fields = to_map(entry[2])
    local reason = fault(entry[2], fields, run.cfg.max_bytes)
    if reason then
      reject(run, window, entry[1], fields.content, reason)
    else
      members[#members + 1] = member_of(entry[1], name)
      strengths[#members] = strength(raw_score(fields, run.cfg), run.now, run.cfg)
    end
  end
  if #members == 0 then return end
  local attended = redis.call('HMGET', run.keys[KEY.intervening], unpack(members))
  local contest, deadlines = {}, {}
  for i, member in ipairs(members) do
    if attended[i] then
      reject(run, window, split(member), nil, 'id: was attended already; let the server choose ids')
    else
      contest[#contest + 1], contest[#contest + 2] = text(-strengths[i]), member
      deadlines[#deadlines + 1], deadlines[#deadlines + 2] = run.now + run.cfg.ttl, member
    end
  end
  if #contest == 0 then return end
  redis.call('ZADD', run.keys[KEY.deadlines], unpack(deadlines))
  -- Counts the new ones: where a window was deleted and an id came again, it is the same candidate.
  count(run, 'adopted', redis.call('ZADD', run.keys[KEY.contest], unpack(contest)))
end

-- These members, at most a page of them, compete no more.
local function withdraw(run, members)
  redis.call('ZREM', run.keys[KEY.contest], unpack(members))
  redis.call('ZREM', run.keys[KEY.deadlines], unpack(members))
end

-- The oldest leave a window that is over its length: those that compete by name, those that were
-- never read in bulk, so that a flood costs no reading.
local function displace(run, window)
  local excess = redis.call('XLEN', window) - run.cfg.maxlen
  if run.cfg.maxlen == 0 or excess <= 0 then return end
  local read = '0-0'
  for _, group in ipairs(redis.call('XINFO', 'GROUPS', window)) do
    local info = to_map(group)
    if info.name == GROUP then read = info['last-delivered-id'] end
  end
  local competing = redis.call('XRANGE', window, '-', read, 'COUNT', excess)
  for first = 1, #competing, PAGE do
    local members = {}
    for at = first, math.min(first + PAGE - 1, #competing) do
      members[#members + 1] = member_of(competing[at][1], window_name(window))
    end
    withdraw(run, members)
  end
  local gone = redis.call('XTRIM', window, 'MAXLEN', run.cfg.maxlen)
  if gone > #competing then count(run, 'adopted', gone - #competing) end
  count(run, 'displaced', gone)
end

-- Reads what is new in these windows, a page a round, until there is nothing more. A window with
-- more than a page loses what is over its length before the rest is read. NOACK: within one atomic
-- step nothing can crash between reading and indexing, so nothing is ever pending.
local function read_windows(run, first, last)
  local call = { 'XREADGROUP', 'GROUP', GROUP, GROUP, 'COUNT', PAGE, 'NOACK', 'STREAMS',
                 unpack(run.keys, first, last) }
  for i = #call + 1, #call + last - first + 1 do call[i] = '>' end
  while true do
    local answer = redis.pcall(unpack(call))
    if not answer then return nil end
    if answer.err then return answer.err end
    local full = false
    for _, stream in ipairs(answer) do
      adopt_page(run, stream[1], stream[2])
      displace(run, stream[1])
      full = full or #stream[2] == PAGE
    end
    if not full then return nil end
  end
end

-- One window by itself: makes its group where there is none (at 0, so that nothing written before
-- is missed); leaves out a key that is no stream, so that it can't stop the others.
local function adopt_window(run, at)
  local window = run.keys[at]
  local kind = redis.call('TYPE', window).ok
  if kind ~= 'stream' and kind ~= 'none' then return end
  local err = read_windows(run, at, at)
  if not err then return end
  redis.call('XGROUP', 'CREATE', window, GROUP, '0', 'MKSTREAM')
  redis.call('SADD', run.keys[KEY.windows], window_name(window))
  read_windows(run, at, at)
end

-- A mind that has no window at all was deleted, or never was: nothing is made for it.
local function adopt(run)
  for first = FIRST_WINDOW, #run.keys, PAGE do
    local last = math.min(first + PAGE - 1, #run.keys)
    if read_windows(run, first, last) and redis.call('EXISTS', unpack(run.keys, first, last)) > 0 then
      for at = first, last do adopt_window(run, at) end
    end
  end
end

local function window_key(run, window)
  return run.prefix .. window
end

local function take(run, member)
  local id, window = split(member)
  local entry = redis.call('XRANGE', window_key(run, window), id, id)[1]
  return entry and each_once(entry[2]), id, window
end

-- Thoughts that have left the contest (at most a page) leave their windows, in a call a window. A
-- producer that trims its own window may have been quicker: then a thought was displaced, whatever
-- it was to become.
local function leave(run, members, fate)
  if #members == 0 then return end
  local of = {}
  for _, member in ipairs(members) do
    local id, window = split(member)
    of[window] = of[window] or {}
    table.insert(of[window], id)
  end
  local there = 0
  for window, ids in pairs(of) do
    there = there + redis.call('XDEL', window_key(run, window), unpack(ids))
  end
  redis.call('ZREM', run.keys[KEY.deadlines], unpack(members))
  if there > 0 then count(run, fate, there) end
  if there < #members then count(run, 'displaced', #members - there) end
end
