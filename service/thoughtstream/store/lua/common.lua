-- What every library has: the time, fields as flat lists, numbers as text.

local function now_ms()
  local time = redis.call('TIME')
  return tonumber(time[1]) * 1000 + math.floor(tonumber(time[2]) / 1000)
end

local function to_map(flat)
  local map = {}
  for i = 1, #flat, 2 do map[flat[i]] = flat[i + 1] end
  return map
end

-- the place of a field's value in a flat list; nil if it is not there
local function place(flat, name)
  for i = 1, #flat, 2 do
    if flat[i] == name then return i + 1 end
  end
  return nil
end

local function get(flat, name)
  local at = place(flat, name)
  return at and flat[at]
end

local function set(flat, name, value)
  local at = place(flat, name)
  if at then flat[at] = value else flat[#flat + 1], flat[#flat + 2] = name, value end
end

local function clear(flat, name)
  local at = place(flat, name)
  if not at then return end
  table.remove(flat, at)
  table.remove(flat, at - 1)
end

-- the fields but for those that `left_out` names; the list itself where there are none of these
local function without(flat, left_out)
  local found = false
  for i = 1, #flat, 2 do found = found or left_out[flat[i]] end
  if not found then return flat end
  local kept = {}
  for i = 1, #flat, 2 do
    if not left_out[flat[i]] then kept[#kept + 1], kept[#kept + 2] = flat[i], flat[i + 1] end
  end
  return kept
end

-- The fields, each once. Where a producer wrote one twice, the last one counts, as in a map.
local function each_once(flat)
  local at, once = {}, {}
  for i = 1, #flat, 2 do
    local name = flat[i]
    if at[name] then
      once[at[name]] = flat[i + 1]
    else
      once[#once + 1], once[#once + 2] = name, flat[i + 1]
      at[name] = #once
    end
  end
  return once
end

local function text(number)
  return string.format('%.17g', number)
end

local function whole(number)
  return string.format('%d', number)
end

-- digits as text that sorts as their number does
local function pad(digits)
  return string.rep('0', 20 - #digits) .. digits
end

-- a list of ids, kept as JSON; empty if it is none
local function ids_of(text_)
  local fine, ids = pcall(cjson.decode, text_ or '[]')
  return fine and type(ids) == 'table' and ids or {}
end
