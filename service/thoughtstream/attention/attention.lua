#!lua name=thoughtstream_attention_1

-- The attention cycle (ADR-007) as one atomic step, and what belongs to it: intervention, undo.
--
-- A candidate is named by its *member*: 20 digits of milliseconds, "-", 20 digits of sequence,
-- "@", window. Padded, so that members sort by age and then by name; `public_id` takes the padding
-- off. Numbers go back as strings: Redis would cut a Lua float to an integer.

local KEY = { contest = 1, deadlines = 2, intervening = 3, assembled = 4, rejected = 5, ledger = 6,
              reply = 7, episodic = 8, semantic = 9, procedural = 10, unconscious = 11, windows = 12 }
local FIRST_WINDOW = 13
local GROUP = 'attention'
local PAGE = 1000            -- arguments that one unpack() may take without overflowing the stack
local MOST_FIELDS = 64
local REPLY_TTL_MS = 60000

-- What a number may be. A field that is absent is fine; one that is not a number in range is not.
local RANGES = { { 'salience', 0, 1 }, { 'connection_relevance', 0, 1 }, { 'valence', -1, 1 },
                 { 'arousal', 0, 1 }, { 'importance', 0, 1 }, { 'novelty', 0, 1 } }
local KINDS = { episodic = true, semantic = true, procedural = true }

-- Written by the engine alone; from a producer they would be a lie.
local OWN = { 'id', 'window', 'score', 'attended_at', 'encode_at', 'anchored_at', 'vetoed_at',
              'reframed_at', 'boosted_at', 'entry' }

-- names -------------------------------------------------------------------------------------

local function pad(digits)
  return string.rep('0', 20 - #digits) .. digits
end

local function member_of(entry_id, window)
  local ms, seq = string.match(entry_id, '^(%d+)-(%d+)$')
  return pad(ms) .. '-' .. pad(seq) .. '@' .. window
end

-- entry id, window
local function split(member)
  local ms, seq, window = string.match(member, '^0*(%d+)%-0*(%d+)@(.*)$')
  return ms .. '-' .. seq, window
end

local function public_id(member)
  local id, window = split(member)
  return id .. '@' .. window
end

local function window_name(key)
  local _, last = string.find(key, ':window:', 1, true)
  return string.sub(key, last + 1)
end

local function now_ms()
  local time = redis.call('TIME')
  return tonumber(time[1]) * 1000 + math.floor(tonumber(time[2]) / 1000)
end

-- fields ------------------------------------------------------------------------------------

local function to_map(flat)
  local map = {}
  for i = 1, #flat, 2 do map[flat[i]] = flat[i + 1] end
  return map
end

local function to_flat(map)
  local names, flat = {}, {}
  for name in pairs(map) do names[#names + 1] = name end
  table.sort(names) -- pairs() has no order; the same thought must always be written the same
  for _, name in ipairs(names) do
    flat[#flat + 1] = name
    flat[#flat + 1] = map[name]
  end
  return flat
end

local function text(number)
  return string.format('%.17g', number)
end

local function whole(number)
  return string.format('%d', number)
end

-- tonumber() alone would take hexadecimals, blanks and `nan`
local function decimal(digits)
  return string.match(digits, '^[+-]?%d*%.?%d*[eE]?[+-]?%d*$') and tonumber(digits)
end

-- why a thought can't compete; nil if it can
local function fault(flat, fields, max_bytes)
  if #flat > 2 * MOST_FIELDS then return 'fields: ' .. #flat / 2 .. '; the most is ' .. MOST_FIELDS end
  local bytes = 0
  for i = 1, #flat do bytes = bytes + #flat[i] end
  if bytes > max_bytes then
    return 'size: ' .. bytes .. ' bytes; the most is ' .. whole(max_bytes)
  end
  if not fields.content or fields.content == '' then return 'content: is missing or empty' end
  for _, range in ipairs(RANGES) do
    local name, low, high = range[1], range[2], range[3]
    if fields[name] then
      local number = decimal(fields[name])
      if not number or not (number >= low and number <= high) then
        return name .. ': ' .. string.sub(fields[name], 1, 40) .. ' is not a number from '
               .. low .. ' to ' .. high
      end
    end
  end
  if fields.kind and fields.kind ~= '' and not KINDS[fields.kind] then
    return 'kind: ' .. string.sub(fields.kind, 1, 40) .. ' is not episodic, semantic or procedural'
  end
  return nil
end

-- score -------------------------------------------------------------------------------------
-- The contest holds the *negated* strength: the best is then the first, and among equals the
-- first is the older. With a half-life, strength is log2(score) + birth / half-life: a decay that
-- never changes the order, so members stay and the threshold moves.

local function raw_score(fields, cfg)
  return (tonumber(fields.salience) or 0.5)
         + (tonumber(fields.connection_relevance) or 0) * cfg.weight
end

local function log2(number)
  return math.log(math.max(number, 1e-9)) / math.log(2)
end

local function strength(score, at, cfg)
  if cfg.half_life == 0 then return score end
  return log2(score) + at / cfg.half_life
end

local function score_now(strength_, now, cfg)
  if cfg.half_life == 0 then return strength_ end
  return 2 ^ (strength_ - now / cfg.half_life)
end

-- one cycle ---------------------------------------------------------------------------------

local function count(run, name, by)
  run.counts[name] = (run.counts[name] or 0) + (by or 1)
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
  local competing = 0
  for _, entry in ipairs(redis.call('XRANGE', window, '-', read, 'COUNT', excess)) do
    local member = member_of(entry[1], window_name(window))
    redis.call('ZREM', run.keys[KEY.contest], member)
    redis.call('ZREM', run.keys[KEY.deadlines], member)
    competing = competing + 1
  end
  local gone = redis.call('XTRIM', window, 'MAXLEN', run.cfg.maxlen)
  if gone > competing then count(run, 'adopted', gone - competing) end
  count(run, 'displaced', gone)
end

-- Reads what is new in these windows, a page a round, until there is nothing more. A window with
-- more than a page loses what is over its length before the rest is read. NOACK: within one atomic
-- step nothing can crash between reading and indexing, so nothing is ever pending.
local function read_windows(run, windows)
  local call = { 'XREADGROUP', 'GROUP', GROUP, GROUP, 'COUNT', PAGE, 'NOACK', 'STREAMS' }
  for _, window in ipairs(windows) do call[#call + 1] = window end
  for _ = 1, #windows do call[#call + 1] = '>' end
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
local function adopt_window(run, window)
  local kind = redis.call('TYPE', window).ok
  if kind ~= 'stream' and kind ~= 'none' then return end
  local err = read_windows(run, { window })
  if not err then return end
  redis.call('XGROUP', 'CREATE', window, GROUP, '0', 'MKSTREAM')
  redis.call('SADD', run.keys[KEY.windows], window_name(window))
  read_windows(run, { window })
end

local function adopt(run)
  for first = FIRST_WINDOW, #run.keys, PAGE do
    local some = {}
    for i = first, math.min(first + PAGE - 1, #run.keys) do some[#some + 1] = run.keys[i] end
    if read_windows(run, some) then
      for _, window in ipairs(some) do adopt_window(run, window) end
    end
  end
end

local function window_key(run, window)
  return run.prefix .. window
end

local function take(run, member)
  local id, window = split(member)
  local entry = redis.call('XRANGE', window_key(run, window), id, id)[1]
  return entry and entry[2], id, window
end

-- A competing thought leaves its window and the contest. A producer that trims its own window may
-- have been quicker: then the thought was displaced, whatever it was to become.
local function leave(run, member, fate)
  local id, window = split(member)
  local there = redis.call('XDEL', window_key(run, window), id) == 1
  redis.call('ZREM', run.keys[KEY.contest], member)
  redis.call('ZREM', run.keys[KEY.deadlines], member)
  count(run, there and fate or 'displaced')
end

local function kind_of(fields)
  if fields.kind and fields.kind ~= '' then return fields.kind end
  if fields.skill then return 'procedural' end
  if fields.window == 'reasoning' then return 'semantic' end
  return 'episodic'
end

local function bound_memory(run, stream, maxlen)
  if maxlen == 0 then return end
  local excess = redis.call('XLEN', stream) - maxlen
  if excess <= 0 then return end
  for _, entry in ipairs(redis.call('XRANGE', stream, '-', '+', 'COUNT', excess)) do
    redis.call('DEL', run.item_prefix .. to_map(entry[2]).id)
    redis.call('XDEL', stream, entry[1])
  end
end

-- A search index of the server ends words at ASCII punctuation only (`_` is none of it), tells
-- accents apart, and stops at a NUL. So an item has in `words`, once more, the words that this would hide: with blanks for
-- other punctuation and for pictures, and without accents.
local ACCENTED = {
  a = 'àáâãäåāăąÀÁÂÃÄÅĀĂĄ', c = 'çćĉċčÇĆĈĊČ', d = 'ďĎ', e = 'èéêëēĕėęěÈÉÊËĒĔĖĘĚ', g = 'ĝğġģĜĞĠĢ',
  h = 'ĥĤ', i = 'ìíîïĩīĭįÌÍÎÏĨĪĬĮİ', j = 'ĵĴ', k = 'ķĶ', l = 'ĺļľĹĻĽ', n = 'ñńņňÑŃŅŇ',
  o = 'òóôõöōŏőÒÓÔÕÖŌŎŐ', r = 'ŕŗřŔŖŘ', s = 'śŝşšșŚŜŞŠȘ', t = 'ţťțŢŤȚ', w = 'ŵŴ',
  u = 'ùúûüũūŭůűųÙÚÛÜŨŪŬŮŰŲ', y = 'ýÿŷÝŶŸ', z = 'źżžŹŻŽ',
}
local LETTER = '[\194-\223][\128-\191]' -- of two bytes
local plain_letters = {}
local BLANK = {
  '[%z_]', '\194[\128-\191]', '\195[\151\183]',      -- NUL, _; U+0080..00BF; times, division
  '\226[\128-\175][\128-\191]', '\227\128[\128-\191]', -- U+2000..2BFF: marks; U+3000..303F
  '\239\184[\128-\143]', '\240\159[\128-\191][\128-\191]', -- variants; U+1F000..1FFFF: pictures
}

local function hidden_words(content)
  if not string.find(content, '[%z_\128-\255]') then return '' end
  if not next(plain_letters) then
    for plain, letters in pairs(ACCENTED) do
      for letter in string.gmatch(letters, LETTER) do plain_letters[letter] = plain end
    end
  end
  local cut = string.find(content, '%z') or #content + 1
  local words = {}
  for at, chunk in string.gmatch(content, '()(%S+)') do
    local plain = string.gsub(chunk, LETTER, plain_letters)
    for _, blank in ipairs(BLANK) do plain = string.gsub(plain, blank, ' ') end
    if plain ~= chunk or at > cut then words[#words + 1] = plain end
  end
  return table.concat(words, ' ')
end

local function anchor(run, fields)
  local kind = kind_of(fields)
  local stream = run.keys[KEY[kind]]
  fields.kind, fields.anchored_at = nil, whole(run.now)
  local flat = to_flat(fields)
  local entry = redis.call('XADD', stream, '*', unpack(flat))
  local item, words = run.item_prefix .. fields.id, hidden_words(fields.content)
  redis.call('HSET', item, 'kind', kind, 'entry', entry, unpack(flat))
  if words ~= '' then redis.call('HSET', item, 'words', words) end
  if kind == 'episodic' then bound_memory(run, stream, run.cfg.episodic_maxlen) end
  if kind == 'semantic' then bound_memory(run, stream, run.cfg.semantic_maxlen) end
  run.anchored_ids[#run.anchored_ids + 1] = fields.id
end

-- The intervention window of an attended thought has closed: it becomes memory, unless vetoed.
local function encode(run, member, packed)
  local fields = cmsgpack.unpack(packed)
  redis.call('HDEL', run.keys[KEY.intervening], member)
  redis.call('ZREM', run.keys[KEY.deadlines], member)
  if fields.vetoed_at then return count(run, 'vetoed') end
  anchor(run, fields)
  count(run, 'anchored')
end

-- What is due: attended thoughts are encoded, competing ones are lost.
local function settle(run)
  local first = redis.call('ZRANGE', run.keys[KEY.deadlines], 0, 0, 'WITHSCORES')
  run.settled = not first[2] or tonumber(first[2]) > run.now
  if run.settled then return end
  local due = redis.call('ZRANGE', run.keys[KEY.deadlines], '-inf', run.now, 'BYSCORE',
                         'LIMIT', 0, run.cfg.batch)
  for _, member in ipairs(due) do
    local packed = redis.call('HGET', run.keys[KEY.intervening], member)
    if packed then encode(run, member, packed) else leave(run, member, 'expired') end
  end
  run.settled = #due < run.cfg.batch
end

local function overdue(run, member)
  if run.settled then return false end
  return tonumber(redis.call('ZSCORE', run.keys[KEY.deadlines], member) or '0') <= run.now
end

-- The strongest of all windows, as (member, strength, fields); nil if nothing competes. Ghosts and
-- thoughts whose time is over are cleared on the way, a bounded number of them.
local function strongest(run)
  for _ = 1, run.cfg.batch do
    local best = redis.call('ZRANGE', run.keys[KEY.contest], 0, 0, 'WITHSCORES')
    local member = best[1]
    if not member then return nil end
    local flat = take(run, member)
    if flat and not overdue(run, member) then return member, -tonumber(best[2]), to_map(flat) end
    leave(run, member, 'expired')
  end
  return nil
end

local function attend(run)
  local member, won_by, fields = strongest(run)
  if not member then return end
  for _, name in ipairs(OWN) do fields[name] = nil end
  local id, window = split(member)
  local encode_at = run.now + run.cfg.ttl
  fields.id, fields.window = public_id(member), window
  fields.salience = fields.salience or '0.5'
  fields.score = text(score_now(won_by, run.now, run.cfg))
  fields.attended_at, fields.encode_at = whole(run.now), whole(encode_at)
  run.attended = to_flat(fields)
  redis.call('XADD', run.keys[KEY.assembled], 'MAXLEN', '~', run.cfg.assembled_maxlen, '*',
             unpack(run.attended))
  redis.call('XDEL', window_key(run, window), id)
  redis.call('ZREM', run.keys[KEY.contest], member)
  redis.call('HSET', run.keys[KEY.intervening], member, cmsgpack.pack(fields))
  redis.call('ZADD', run.keys[KEY.deadlines], encode_at, member)
  count(run, 'attended')
end

-- Losers under the threshold go, the weakest first, a bounded number of them a cycle.
local function forget(run)
  local cfg = run.cfg
  local bar = cfg.half_life == 0 and cfg.bar or text(-strength(cfg.threshold, run.now, cfg))
  local weak = redis.call('ZRANGE', run.keys[KEY.contest], '+inf', '(' .. bar, 'BYSCORE', 'REV',
                          'LIMIT', 0, cfg.batch, 'WITHSCORES')
  for i = 1, #weak, 2 do
    local member = weak[i]
    if cfg.archive then
      local flat = take(run, member)
      if flat then
        local fields = to_map(flat)
        fields.id = public_id(member)
        fields.score = text(score_now(-tonumber(weak[i + 1]), run.now, cfg))
        fields.forgotten_at, fields.threshold = whole(run.now), text(cfg.threshold)
        redis.call('XADD', run.keys[KEY.unconscious], 'MAXLEN', '~', cfg.unconscious_maxlen, '*',
                   unpack(to_flat(fields)))
      end
    end
    leave(run, member, 'forgotten')
  end
end

-- Another weight or half-life is another scale: what competes is scored anew, once.
local function rescale(run)
  local scale = run.cfg.scale
  local was = redis.call('HGET', run.keys[KEY.ledger], 'scale')
  if was == scale then return end
  redis.call('HSET', run.keys[KEY.ledger], 'scale', scale)
  if not was then return end
  for _, member in ipairs(redis.call('ZRANGE', run.keys[KEY.contest], 0, -1)) do
    local flat = take(run, member)
    local due = redis.call('ZSCORE', run.keys[KEY.deadlines], member)
    if flat and due then
      local at = strength(raw_score(to_map(flat), run.cfg), tonumber(due) - run.cfg.ttl, run.cfg)
      redis.call('ZADD', run.keys[KEY.contest], -at, member)
    end
  end
end

local COUNTED = { 'adopted', 'rejected', 'attended', 'anchored', 'vetoed', 'forgotten', 'expired',
                  'displaced' }

local function summary(run)
  local first = redis.call('ZRANGE', run.keys[KEY.deadlines], 0, 0, 'WITHSCORES')
  local answer = { run.now, first[2] or '', redis.call('ZCARD', run.keys[KEY.contest]),
                   redis.call('HLEN', run.keys[KEY.intervening]) }
  for _, name in ipairs(COUNTED) do
    local moved = run.counts[name] or 0
    if moved > 0 then redis.call('HINCRBY', run.keys[KEY.ledger], name, moved) end
    answer[#answer + 1] = moved
  end
  answer[#answer + 1] = run.anchored_ids
  answer[#answer + 1] = run.attended
  return answer
end

-- The configuration comes as one text, always the same from a worker: parsed once.
local config = { text = '' }

local function config_of(text_)
  if config.text ~= text_ then
    config = cjson.decode(text_)
    config.text = text_
    config.bar = text(-config.threshold)
    config.scale = text(config.weight) .. '/' .. text(config.half_life)
  end
  return config
end

-- KEYS: see KEY, then the mind's windows.
-- ARGV: token ('' = none), 1 to select | 0 to settle only, prefix of window keys, prefix of item
-- keys, the configuration as JSON.
local function cycle(keys, args)
  local token = args[1]
  if token ~= '' then
    local before = redis.call('GET', keys[KEY.reply])
    if before and string.sub(before, 1, #token + 1) == token .. ' ' then
      return cmsgpack.unpack(string.sub(before, #token + 2))
    end
  end
  local run = { keys = keys, cfg = config_of(args[5]), now = now_ms(), prefix = args[3],
                item_prefix = args[4], counts = {}, attended = {}, anchored_ids = {} }
  rescale(run)
  adopt(run)
  settle(run)
  if args[2] == '1' then
    attend(run)
    forget(run)
  end
  local answer = summary(run)
  if token ~= '' then
    redis.call('SET', keys[KEY.reply], token .. ' ' .. cmsgpack.pack(answer), 'PX', REPLY_TTL_MS)
  end
  return answer
end

-- intervention ------------------------------------------------------------------------------

local ACTIONS = {}

function ACTIONS.veto(fields, _, now)
  fields.vetoed_at = fields.vetoed_at or whole(now)
end

function ACTIONS.reframe(fields, change, now)
  for name, value in pairs(change) do
    if fields[name] ~= value then
      fields['original_' .. name] = fields['original_' .. name] or fields[name] or ''
      fields[name] = value
      fields.reframed_at = whole(now)
    end
  end
end

function ACTIONS.boost(fields, change, now)
  if fields.salience ~= change.salience then
    fields.original_salience = fields.original_salience or fields.salience
    fields.salience = change.salience
    fields.boosted_at = whole(now)
  end
end

-- KEYS: deadlines, intervening, item of the thought.
-- ARGV: id, action, then field and value pairs of the change.
-- Returns {'ok', encode_at} | {'closed', encode_at} | {'unknown'} | {'malformed'}.
local function intervene(keys, args)
  local id, window = string.match(args[1], '^(%d+%-%d+)@(.*)$')
  if not id or #id > 41 then return { 'malformed' } end
  local member = member_of(id, window)
  local packed = redis.call('HGET', keys[2], member)
  if not packed then
    local at = redis.call('HGET', keys[3], 'encode_at')
    if at then return { 'closed', at } end
    return { 'unknown' }
  end
  local fields, now = cmsgpack.unpack(packed), now_ms()
  if tonumber(fields.encode_at) <= now then return { 'closed', fields.encode_at } end
  local change = {}
  for i = 3, #args, 2 do change[args[i]] = args[i + 1] end
  ACTIONS[args[2]](fields, change, now)
  redis.call('HSET', keys[2], member, cmsgpack.pack(fields))
  return { 'ok', fields.encode_at }
end

-- audit ---------------------------------------------------------------------------------------

local MOST_FAULTS = 20

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

-- KEYS: as for a cycle. ARGV: prefix of window keys.
-- Returns {ledger as a flat list, competing, intervening, unread, ghosts, faults}.
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
  return { redis.call('HGETALL', keys[KEY.ledger]), competing, intervening, unread, ghosts, faults }
end

-- what is in its intervention window --------------------------------------------------------

-- KEYS: intervening. Returns a flat field list a thought, the first to close first.
local function intervening(keys)
  local thoughts = {}
  for _, packed in ipairs(redis.call('HVALS', keys[1])) do
    thoughts[#thoughts + 1] = cmsgpack.unpack(packed)
  end
  table.sort(thoughts, function(a, b)
    if a.encode_at ~= b.encode_at then return tonumber(a.encode_at) < tonumber(b.encode_at) end
    return a.id < b.id
  end)
  local answer = {}
  for i, fields in ipairs(thoughts) do answer[i] = to_flat(fields) end
  return answer
end

-- allow-oom: at maxmemory, thoughts are refused (XADD) but forgetting, expiry and anchors go on.
redis.register_function { function_name = 'attention_cycle_1', callback = cycle,
                          flags = { 'allow-oom' } }
redis.register_function { function_name = 'attention_intervene_1', callback = intervene,
                          flags = { 'allow-oom' } }
redis.register_function { function_name = 'attention_audit_1', callback = audit,
                          flags = { 'no-writes' } }
redis.register_function { function_name = 'attention_intervening_1', callback = intervening,
                          flags = { 'no-writes' } }
