-- From an attended thought to memory.

-- Where a thought is remembered: as it says; else a `skill` is procedural, what was reasoned is
-- semantic, and everything else an episode.
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
  count(run, 'outgrown', excess)
  for _, entry in ipairs(redis.call('XRANGE', stream, '-', '+', 'COUNT', excess)) do
    local fields = to_map(entry[2])
    remove_memory(stream, run.item_prefix .. (fields.id or ''), fields, entry[1])
  end
end

local NOT_REMEMBERED = { kind = true, cycle = true, lead = true, rivals = true, [CONTEXT] = true }

-- A memory that came back as a thought (`recalled`) is a memory already, unless it was reframed.
local function is_remembered(run, fields)
  return fields.recalled and not fields.reframed_at
         and redis.call('EXISTS', run.item_prefix .. fields.recalled) == 1
end

local function anchor(run, attended)
  local fields = to_map(attended)
  if is_remembered(run, fields) then return count(run, 'recurred') end
  local kind = kind_of(fields)
  local stream, flat = run.keys[KEY[kind]], without(attended, NOT_REMEMBERED)
  set(flat, 'anchored_at', whole(run.now))
  write_memory(stream, run.item_prefix .. fields.id, kind, flat)
  if kind == 'episodic' then bound_memory(run, stream, run.cfg.episodic_maxlen) end
  if kind == 'semantic' then bound_memory(run, stream, run.cfg.semantic_maxlen) end
  run.anchored_ids[#run.anchored_ids + 1] = fields.id
end
