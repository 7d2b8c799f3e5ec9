-- One attention cycle (ADR-007) as one atomic step: adopt, settle, select, assemble, forget, count.

-- The intervention window of an attended thought has closed: it becomes memory, unless vetoed.
local function encode(run, member, packed)
  local attended = cjson.decode(packed)
  redis.call('HDEL', run.keys[KEY.intervening], member)
  redis.call('ZREM', run.keys[KEY.deadlines], member)
  if get(attended, 'vetoed_at') then return count(run, 'vetoed') end
  anchor(run, attended)
  count(run, 'anchored')
end

-- Further ahead than a thought is ever due, and a minute: the clock was set back since.
local SLACK_MS = 60000

local function too_far(run)
  return run.now + run.cfg.ttl + SLACK_MS
end

-- Nothing waits for a clock that was set back to be again what it was: what is due too far ahead
-- has its time from now on. What was attended under a longer time, in this clock, keeps that.
local function bring_near(run)
  local ahead = redis.call('ZRANGE', run.keys[KEY.deadlines], '(' .. whole(too_far(run)), '+inf',
                           'BYSCORE')
  for _, member in ipairs(ahead) do
    local span, packed = run.cfg.ttl, redis.call('HGET', run.keys[KEY.intervening], member)
    if packed then
      local attended = cjson.decode(packed)
      local at = tonumber(get(attended, 'attended_at'))
      if at > run.now + SLACK_MS then
        span = tonumber(get(attended, 'encode_at')) - at
        set(attended, 'encode_at', whole(run.now + span))
        redis.call('HSET', run.keys[KEY.intervening], member, cjson.encode(attended))
      else
        span = nil
      end
    end
    if span then redis.call('ZADD', run.keys[KEY.deadlines], whole(run.now + span), member) end
  end
  return #ahead > 0
end

-- What is due: attended thoughts are encoded, competing ones are lost.
local function settle(run)
  local first = redis.call('ZRANGE', run.keys[KEY.deadlines], 0, 0, 'WITHSCORES')
  if first[2] and (run.counts.adopted or tonumber(first[2]) > too_far(run)) and bring_near(run) then
    first = redis.call('ZRANGE', run.keys[KEY.deadlines], 0, 0, 'WITHSCORES')
  end
  run.settled = not first[2] or tonumber(first[2]) > run.now
  run.next_due = first[2]
  if run.settled then return end
  local due = redis.call('ZRANGE', run.keys[KEY.deadlines], '-inf', run.now, 'BYSCORE',
                         'LIMIT', 0, run.cfg.batch)
  local packed, expired = redis.call('HMGET', run.keys[KEY.intervening], unpack(due)), {}
  for i, member in ipairs(due) do
    if packed[i] then encode(run, member, packed[i]) else expired[#expired + 1] = member end
  end
  if #expired > 0 then redis.call('ZREM', run.keys[KEY.contest], unpack(expired)) end
  leave(run, expired, 'expired')
  run.settled = #due < run.cfg.batch
  run.next_due = nil
end

local function overdue(run, member)
  if run.settled then return false end
  return tonumber(redis.call('ZSCORE', run.keys[KEY.deadlines], member) or '0') <= run.now
end

-- Takes the strongest of all windows out of the contest: (it and the next, each as member and
-- strength; its fields, id and window); nil if nothing competes. Ghosts and thoughts whose time is
-- over are cleared on the way, a bounded number of them.
local function strongest(run)
  local contest = run.keys[KEY.contest]
  for _ = 1, run.cfg.batch do
    local best = redis.call('ZRANGE', contest, 0, 1, 'WITHSCORES')
    local member = best[1]
    if not member then
      run.more = false
      return nil
    end
    redis.call('ZREMRANGEBYRANK', contest, 0, 0)
    local flat, id, window = take(run, member)
    if flat and not overdue(run, member) then return best, flat, id, window end
    leave(run, { member }, 'expired')
  end
  return nil
end

-- The score behind a strength as the contest has it: negated (45 is a minus), as text.
local function score_text(negated, run)
  if run.cfg.half_life == 0 and string.byte(negated) == 45 then return string.sub(negated, 2) end
  return text(score_now(-negated, run.now, run.cfg))
end

-- By how much the first of two strengths, as the contest has them, is ahead in score.
local function lead_text(first, second, run)
  return text(score_now(-first, run.now, run.cfg) - score_now(-second, run.now, run.cfg))
end

local function attend(run, token)
  local best, flat, id, window = strongest(run)
  if not best then return end
  local member, won_by, next_by = best[1], best[2], best[4]
  local encode_at = whole(run.now + run.cfg.ttl)
  local fields = without(flat, ENGINE_FIELDS)
  if not place(fields, 'salience') then set(fields, 'salience', '0.5') end
  run.rivals = next_by and redis.call('ZCARD', run.keys[KEY.contest]) or 0
  if next_by then set(fields, 'lead', lead_text(won_by, next_by, run)) end
  local attended = { 'id', id .. '@' .. window, 'window', window, 'score', score_text(won_by, run),
                     'rivals', whole(run.rivals), 'attended_at', run.now_text,
                     'encode_at', encode_at, 'cycle', token, unpack(fields) }
  redis.call('XADD', run.keys[KEY.assembled], 'MAXLEN', '~', run.cfg.assembled_maxlen, '*',
             unpack(attended))
  redis.call('XDEL', window_key(run, window), id)
  run.attended = cjson.encode(attended) -- stored and returned as one text: the cost of a list grows with its length
  redis.call('HSET', run.keys[KEY.intervening], member, run.attended)
  redis.call('ZADD', run.keys[KEY.deadlines], encode_at, member)
  count(run, 'attended')
end

-- Losers under the threshold go, the weakest first, a bounded number of them a cycle.
local function forget(run)
  if run.rivals == 0 then return end
  local cfg = run.cfg
  local bar = cfg.half_life == 0 and cfg.bar or text(-strength(cfg.threshold, run.now, cfg))
  local weak = redis.call('ZRANGE', run.keys[KEY.contest], '+inf', '(' .. bar, 'BYSCORE', 'REV',
                          'LIMIT', 0, cfg.batch, 'WITHSCORES')
  local members = {}
  for i = 1, #weak, 2 do
    local member = weak[i]
    members[#members + 1] = member
    if cfg.archive then
      local flat = take(run, member)
      if flat then
        clear(flat, CONTEXT)
        set(flat, 'id', public_id(member))
        set(flat, 'score', score_text(weak[i + 1], run))
        set(flat, 'forgotten_at', run.now_text)
        set(flat, 'threshold', text(cfg.threshold))
        redis.call('XADD', run.keys[KEY.unconscious], 'MAXLEN', '~', cfg.unconscious_maxlen, '*',
                   unpack(flat))
      end
    end
  end
  -- They are its last: by rank, the contest need not look for each.
  if #members > 0 then redis.call('ZREMRANGEBYRANK', run.keys[KEY.contest], -#members, -1) end
  leave(run, members, 'forgotten')
end

-- Another weight or half-life is another scale: what competes is scored again, once. The ledger is
-- only asked after an adoption, or after another mind or configuration had its turn on this server.
local function rescale(run)
  local ledger, scale = run.keys[KEY.ledger], run.cfg.scale
  if run.cfg.last == ledger and not run.counts.adopted then return end
  run.cfg.last = ledger
  local was = redis.call('HGET', ledger, 'scale')
  if was == scale or not (was or run.counts.adopted) then return end
  redis.call('HSET', ledger, 'scale', scale)
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

-- When the next thought is due. What `settle` found first still holds unless that may have left; a
-- thought that was just attended can only be due later.
local function next_due(run)
  local moved = run.counts
  if run.next_due and not (moved.expired or moved.displaced or moved.forgotten) then
    return run.next_due
  end
  return redis.call('ZRANGE', run.keys[KEY.deadlines], 0, 0, 'WITHSCORES')[2] or 'null'
end

-- A report as one JSON text, which costs both ends less than a list of lists.
local function report(run)
  local ids = run.anchored_ids
  record(run)
  return '[' .. run.now_text .. ',' .. next_due(run) .. ',' .. tostring(run.more) .. ','
         .. cjson.encode(run.counts) .. ',' .. (#ids == 0 and '[]' or cjson.encode(ids)) .. ','
         .. run.attended .. ']'
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

-- What a cycle with this token has attended; nil if it attended nothing, or never ran.
local function attended_by(run, token)
  for _, packed in ipairs(redis.call('HVALS', run.keys[KEY.intervening])) do
    if get(cjson.decode(packed), 'cycle') == token then return packed end
  end
  for _, entry in ipairs(redis.call('XREVRANGE', run.keys[KEY.assembled], '+', '-')) do
    if get(entry[2], 'cycle') == token then return cjson.encode(entry[2]) end
  end
  return nil
end

-- KEYS: see KEY, then the mind's windows.
-- ARGV: token of this cycle, 'select' | 'settle' (attend and forget nothing) | 'again' (the reply
-- to a 'select' with this token was lost), prefix of window keys, prefix of item keys, the
-- configuration as JSON.
local function cycle(keys, args)
  local token, mode = args[1], args[2]
  local run = { keys = keys, cfg = config_of(args[5]), now = now_ms(), prefix = args[3],
                item_prefix = args[4], counts = {}, attended = 'null', anchored_ids = {},
                settled = false, next_due = false, more = true }
  run.now_text = whole(run.now)
  local before = mode == 'again' and attended_by(run, token)
  if before then
    run.attended = before
    return report(run)
  end
  adopt(run)
  rescale(run)
  settle(run)
  if mode ~= 'settle' then
    attend(run, token)
    forget(run)
  end
  return report(run)
end

-- allow-oom: at maxmemory, thoughts are refused (XADD) but forgetting, expiry and anchors continue.
redis.register_function { function_name = 'attention_cycle_3', callback = cycle,
                          flags = { 'allow-oom' } }
