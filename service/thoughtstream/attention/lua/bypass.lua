-- Bypassing the contest: a memory made at once, and a forgotten thought taken back.

-- KEYS: see KEY, then the thought's window. ARGV: prefix of item keys, the configuration as JSON,
-- then the thought's fields.
-- Returns {'ok', id} | {'refused', reason}. It counts as adopted, attended and anchored.
local function anchor_now(keys, args)
  local flat = {}
  for i = 3, #args do flat[#flat + 1] = args[i] end
  local window, cfg, now = keys[FIRST_WINDOW], config_of(args[2]), now_ms()
  local reason = fault(flat, to_map(flat), cfg.max_bytes)
  if reason then return { 'refused', reason } end
  local run = { keys = keys, cfg = cfg, now = now, item_prefix = args[1], anchored_ids = {},
                counts = { adopted = 1, attended = 1, anchored = 1 } }
  local attended = without(each_once(flat), ENGINE_FIELDS)
  local id = new_id(window) .. '@' .. window_name(window)
  if not place(attended, 'salience') then set(attended, 'salience', '0.5') end
  set(attended, 'id', id)
  set(attended, 'window', window_name(window))
  set(attended, 'score', text(raw_score(to_map(flat), cfg)))
  set(attended, 'attended_at', whole(now))
  set(attended, 'encode_at', whole(now))
  anchor(run, attended)
  record(run)
  return { 'ok', id }
end

-- KEYS: an item. Writes what is there already, so that whoever waits for this write to be durable
-- has waited for the memory. Returns 0 if it is not there, or no longer.
local function confirm(keys)
  local kind = redis.call('HGET', keys[1], 'kind')
  if not kind then return 0 end
  redis.call('HSET', keys[1], 'kind', kind)
  return 1
end

-- Written when it was forgotten; a thought that comes back has none of it.
local OF_THE_FORGOTTEN = { id = true, score = true, forgotten_at = true, threshold = true }

-- KEYS: unconscious, the window the thought came from. ARGV: entry in the unconscious, salience.
-- Returns the new id; nothing if the entry is not there, or no longer.
local function take_back(keys, args)
  local entry = redis.call('XRANGE', keys[1], args[1], args[1])[1]
  if not entry then return false end
  local flat = without(each_once(entry[2]), OF_THE_FORGOTTEN)
  set(flat, 'salience', args[2])
  set(flat, 'restored_from', get(entry[2], 'id'))
  local id = redis.call('XADD', keys[2], '*', unpack(flat))
  redis.call('XDEL', keys[1], args[1])
  return id .. '@' .. window_name(keys[2])
end

redis.register_function { function_name = 'attention_anchor_3', callback = anchor_now,
                          flags = { 'allow-oom' } }
redis.register_function { function_name = 'attention_confirm_3', callback = confirm,
                          flags = { 'allow-oom' } }
redis.register_function('attention_take_back_3', take_back)
