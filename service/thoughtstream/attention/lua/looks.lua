-- What all looks at a mind have: its windows, and errors that name the key.

local TYPES = { contest = 'zset', deadlines = 'zset', intervening = 'hash', assembled = 'stream',
                ledger = 'hash', episodic = 'stream', semantic = 'stream', procedural = 'stream',
                unconscious = 'stream', windows = 'set' }

-- The names of a mind's windows, each once: those that the arguments have from `first` on, then
-- what else attention has found.
local function windows_of(keys, args, first)
  local names, known = {}, {}
  for i = first, #args do
    names[#names + 1] = args[i]
    known[args[i]] = true
  end
  local found = redis.call('SMEMBERS', keys[KEY.windows])
  table.sort(found)
  for _, name in ipairs(found) do
    if not known[name] then names[#names + 1] = name end
  end
  return names
end

-- An error that says so; nil if the key is of this type, or not there.
local function of_another_type(key, type_)
  local found = redis.call('TYPE', key).ok
  if found == 'none' or found == type_ then return nil end
  return redis.error_reply('WRONGTYPE ' .. key .. ': is a ' .. found .. ', not a ' .. type_)
end

-- The same look, but what fails at a key of another type says at which: Redis would not.
local function naming(look)
  return function(keys, args)
    local fine, answer = pcall(look, keys, args)
    if fine then return answer end
    for name, type_ in pairs(TYPES) do
      local wrong = of_another_type(keys[KEY[name]], type_)
      if wrong then return wrong end
    end
    if type(answer) == 'table' then return answer end
    error(answer)
  end
end
