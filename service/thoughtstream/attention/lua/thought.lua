#!lua name=thoughtstream_attention_3

-- The attention library: this file and those that `attention.py` names after it, in one piece.
--
-- A candidate is named by its *member*: 20 digits of milliseconds, "-", 20 digits of sequence,
-- "@", window. Padded, so that members sort by age and then by name; `public_id` takes the padding
-- off. Numbers go back as strings: Redis would cut a Lua float to an integer.

local KEY = { contest = 1, deadlines = 2, intervening = 3, assembled = 4, rejected = 5, ledger = 6,
              episodic = 7, semantic = 8, procedural = 9, unconscious = 10, windows = 11, guard = 12 }
local FIRST_WINDOW = 13
local GROUP = 'attention'
local PAGE = 1000            -- arguments that one unpack() may take without overflowing the stack
local MOST_FIELDS = 64
local MOST_DIGITS = 64

-- What a number may be. A field that is absent is fine; one that is not a number in range is not.
local RANGES = { { 'salience', 0, 1 }, { 'connection_relevance', 0, 1 }, { 'valence', -1, 1 },
                 { 'arousal', 0, 1 }, { 'importance', 0, 1 }, { 'novelty', 0, 1 } }
local KINDS = { episodic = true, semantic = true, procedural = true }

-- Written by the engine alone; from a producer they would be a lie. As in models.py.
local ENGINE_FIELDS = {
  id = true, window = true, score = true, attended_at = true, encode_at = true, cycle = true,
  anchored_at = true, vetoed_at = true, reframed_at = true, boosted_at = true, entry = true,
  words = true, as_ranked = true, strength = true, replayed_at = true, merged_from = true,
  merged_into = true, merged_at = true, unmerged_at = true, distilled_from = true, supersedes = true,
  superseded_by = true, asked_by = true, vetoed_by = true, reframed_by = true, boosted_by = true,
  restored_at = true, restored_by = true, lead = true, rivals = true,
}

-- The context of its trace: it travels with a thought, and is no part of it. As in traces.py.
local CONTEXT = 'traceparent'

-- names -------------------------------------------------------------------------------------

local zeros = {}

local function zeros_before(digits)
  if not zeros[digits] then zeros[digits] = string.rep('0', 20 - digits) end
  return zeros[digits]
end

-- Without patterns: an audit asks for each thought.
local function member_of(entry_id, window)
  local dash = string.find(entry_id, '-', 1, true)
  return zeros_before(dash - 1) .. string.sub(entry_id, 1, dash) .. zeros_before(#entry_id - dash)
         .. string.sub(entry_id, dash + 1) .. '@' .. window
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
  local _, last = string.find(key, '}:window:', 1, true) -- a mind's name may have the rest in it
  return string.sub(key, last + 1)
end

-- fields ------------------------------------------------------------------------------------

-- tonumber() alone would take hexadecimals, blanks and `nan`; the pattern alone would try for days
-- to find a number in a long text.
local function decimal(digits)
  return #digits <= MOST_DIGITS and string.match(digits, '^[+-]?%d*%.?%d*[eE]?[+-]?%d*$') and tonumber(digits)
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
