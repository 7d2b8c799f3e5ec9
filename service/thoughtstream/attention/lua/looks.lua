-- What all looks at a mind have: its windows, and errors that name the key.

local TYPES = { contest = 'zset', deadlines = 'zset', intervening = 'hash', assembled = 'stream',
                ledger = 'hash', episodic = 'stream', semantic = 'stream', procedural = 'stream',
                unconscious = 'stream', windows = 'set' }

-- The names of a mind's windows, each once: those that were given as keys, then what else attention
-- has found.
local function windows_of(keys)
  local names, known = {}, {}
  for i = FIRST_WINDOW, #keys do
    local name = window_name(keys[i])
    names[#names + 1] = name
    known[name] = true
  end
  local found = redis.call('SMEMBERS', keys[KEY.windows])
  table.sort(found)
  for _, name in ipairs(found) do
    if not known[name] then names[#names + 1] = name end
  end
  return names
end

-- What to say of it; nil if the key is of this type, or not there.
local function of_another_type(key, type_)
  local found = redis.call('TYPE', key).ok
  if found == 'none' or found == type_ then return nil end
  return 'WRONGTYPE ' .. key .. ': is a ' .. found .. ', not a ' .. type_
end

-- The same look, but what fails at a key of another type says at which: Redis would not.
local function naming(look)
  return function(keys, args)
    local fine, answer = pcall(look, keys, args)
    if fine then return answer end
    for name, type_ in pairs(TYPES) do
      local wrong = of_another_type(keys[KEY[name]], type_)
      if wrong then return redis.error_reply(wrong) end
    end
    if string.match(answer, '^%u+ ') then return redis.error_reply(answer) end
    error(answer, 0)
  end
end
