-- Intervention: an attended thought can be changed until it is encoded.

local ACTIONS = {}

function ACTIONS.veto(attended, _, now)
  if not place(attended, 'vetoed_at') then set(attended, 'vetoed_at', whole(now)) end
end

-- The original stays as provenance: that of the first change, whatever comes after.
local function change_fields(attended, change, mark, now)
  for i = 1, #change, 2 do
    local name, value = change[i], change[i + 1]
    local was = get(attended, name) or ''
    if was ~= value then
      if not place(attended, 'original_' .. name) then set(attended, 'original_' .. name, was) end
      set(attended, name, value)
      set(attended, mark, whole(now))
    end
  end
end

function ACTIONS.reframe(attended, change, now)
  change_fields(attended, change, 'reframed_at', now)
end

function ACTIONS.boost(attended, change, now)
  change_fields(attended, change, 'boosted_at', now)
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
  local attended, now = cjson.decode(packed), now_ms()
  local encode_at = get(attended, 'encode_at')
  if tonumber(encode_at) <= now then return { 'closed', encode_at } end
  local change = {}
  for i = 3, #args do change[#change + 1] = args[i] end
  ACTIONS[args[2]](attended, change, now)
  redis.call('HSET', keys[2], member, cjson.encode(attended))
  return { 'ok', encode_at }
end

redis.register_function { function_name = 'attention_intervene_2', callback = intervene,
                          flags = { 'allow-oom' } }
