-- Intervention: an attended thought can be changed until it is encoded.

local ACTIONS = {}

-- Notes when a change was made, and who asked for it.
local function note_change(attended, what, by, now)
  set(attended, what .. '_at', whole(now))
  if by then set(attended, what .. '_by', by) else clear(attended, what .. '_by') end
end

function ACTIONS.veto(attended, _, by, now)
  if not place(attended, 'vetoed_at') then note_change(attended, 'vetoed', by, now) end
end

-- Takes a veto back.
function ACTIONS.restore(attended, _, by, now)
  if not place(attended, 'vetoed_at') then return end
  clear(attended, 'vetoed_at')
  clear(attended, 'vetoed_by')
  note_change(attended, 'restored', by, now)
end

-- The original stays as provenance: that of the first change, whatever comes after.
local function change_fields(attended, change, what, by, now)
  for i = 1, #change, 2 do
    local name, value = change[i], change[i + 1]
    local was = get(attended, name) or ''
    if was ~= value then
      if not place(attended, 'original_' .. name) then set(attended, 'original_' .. name, was) end
      set(attended, name, value)
      note_change(attended, what, by, now)
    end
  end
end

function ACTIONS.reframe(attended, change, by, now)
  change_fields(attended, change, 'reframed', by, now)
end

function ACTIONS.boost(attended, change, by, now)
  change_fields(attended, change, 'boosted', by, now)
end

-- KEYS: deadlines, intervening, item of the thought.
-- ARGV: id, action, then field and value pairs of the change, `by` among them if anybody is named.
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
  local attended, now = cjson.decode(packed), now_ms()
  local encode_at = get(attended, 'encode_at')
  if tonumber(encode_at) <= now then return { 'closed', encode_at } end
  local change = {}
  for i = 3, #args do change[#change + 1] = args[i] end
  ACTIONS[args[2]](attended, without(change, { by = true }), get(change, 'by'), now)
  redis.call('HSET', keys[2], member, cjson.encode(attended))
  return { 'ok', encode_at }
end

redis.register_function { function_name = 'attention_intervene_3', callback = intervene,
                          flags = { 'allow-oom' } }
