#!lua name=thoughtstream_learning_1

-- The priors of one quantity. KEYS: basal (of all quantities of the lineage), lineage, dispositional,
-- learned, the guard of their slot. Each level but the basal one has a field an agent, which is that
-- agent's own: 'count weight mean squares', as `inference/priors.py` has them. All changes add to what
-- is there, so that of an agent's several processes none undoes what another has learned.

local BASAL, LINEAGE, LEARNED = 1, 2, 4

-- the numbers of a text; nil if it is none, or has others than so many
local function numbers(text_, many)
  local found = {}
  for word in string.gmatch(text_ or '', '%S+') do
    local number = tonumber(word)
    if not number then return nil end
    found[#found + 1] = number
  end
  return #found == many and found or nil
end

local function joined(list)
  local texts = {}
  for i, number in ipairs(list) do texts[i] = text(number) end
  return table.concat(texts, ' ')
end

-- the statistics with one more value; source: Chan, Golub and LeVeque 1983
local function after(text_, value, discount)
  local count, weight, mean, squares = unpack(numbers(text_, 4) or { 0, 0, 0, 0 })
  weight, squares = weight * discount, squares * discount
  local part, apart = 1 / (weight + 1), value - mean
  return joined { count + 1, weight + 1, mean + apart * part, squares + apart * apart * weight * part }
end

-- what an agent is to know of a level: its own, or with '' that of all
local function level(keys, n, agent)
  if n == LINEAGE or agent == '' then return redis.call('HVALS', keys[n]) end
  local own = redis.call('HGET', keys[n], agent)
  return own and { own } or {}
end

local function levels(keys, basal, agent)
  local found = { basal }
  for n = LINEAGE, LEARNED do found[#found + 1] = level(keys, n, agent) end
  return found
end

-- ARGV: quantity, agent or ''. Returns {basal, lineage's, dispositional, learned}; nil: no basal prior.
local function look(keys, args)
  local basal = redis.call('HGET', keys[BASAL], args[1])
  return basal and levels(keys, basal, args[2])
end

-- ARGV: quantity, agent, value, how many agents there may be, the discount of each level. Returns what
-- was known before, as `look`, and how often the agent has observed it | 'unknown' | 'full' | the basal
-- prior that forbids it.
local function observe(keys, args)
  local quantity, agent, value = args[1], args[2], tonumber(args[3])
  local basal = redis.call('HGET', keys[BASAL], quantity)
  if not basal then return 'unknown' end
  local prior = numbers(basal, 4)
  if not prior or value < prior[3] or value > prior[4] then return basal end
  local is_new = redis.call('HEXISTS', keys[LINEAGE], agent) == 0
  if is_new and redis.call('HLEN', keys[LINEAGE]) >= tonumber(args[4]) then return 'full' end
  local before = levels(keys, basal, agent)
  for n = LINEAGE, LEARNED do
    local own = redis.call('HGET', keys[n], agent)
    redis.call('HSET', keys[n], agent, after(own, value, tonumber(args[n + 3])))
  end
  before[#before + 1] = redis.call('HGET', keys[LINEAGE], agent)
  return before
end

-- KEYS: basal, guard. ARGV: quantity, the prior, how many quantities there may be. Returns what stands
-- there now: what was there before stays | 'full'.
local function found_(keys, args)
  local there = redis.call('HGET', keys[1], args[1])
  if there then return there end
  if redis.call('HLEN', keys[1]) >= tonumber(args[3]) then return 'full' end
  redis.call('HSET', keys[1], args[1], args[2])
  return args[2]
end

-- KEYS: the errors of an agent in a lineage; a field a quantity: 'count', the weights of the levels,
-- what is usual of the squared error of each level and of all together, and the sums of these.
-- ARGV: quantity, value, share, discount of what is usual, then mean and variance that each level
-- expected. Returns the mean and variance that all expected together, and how surprising it was (nats).
local function weigh(keys, args)
  local value, share, discount = tonumber(args[2]), tonumber(args[3]), tonumber(args[4])
  local K = (#args - 4) / 2
  local had = numbers(redis.call('HGET', keys[1], args[1]) or nil, 1 + K + 2 * (K + 1))
  local now, mean, variance, density = { (had and had[1] or 0) + 1 }, 0, 0, 0
  local weights, logs, most = {}, {}, -math.huge
  for i = 1, K do
    local m, v = tonumber(args[3 + 2 * i]), tonumber(args[4 + 2 * i])
    weights[i] = had and had[1 + i] or 1 / K
    logs[i] = math.log(weights[i]) - 0.5 * (math.log(2 * math.pi * v) + (value - m) ^ 2 / v)
    most = math.max(most, logs[i])
    mean = mean + weights[i] * m
  end
  for i = 1, K do
    local m, v = tonumber(args[3 + 2 * i]), tonumber(args[4 + 2 * i])
    variance = variance + weights[i] * (v + (m - mean) ^ 2)
    density = density + math.exp(logs[i] - most)
  end
  for i = 1, K do
    local weight = math.exp(logs[i] - most) / density
    now[1 + i] = (1 - share) * weight + share / (K - 1) * (1 - weight)
  end
  for i = 1, K + 1 do
    local expected = i <= K and tonumber(args[3 + 2 * i]) or mean
    local square, usual = (value - expected) ^ 2, had and had[1 + K + i]
    now[1 + K + i] = usual and discount * usual + (1 - discount) * square or square
    now[2 + 2 * K + i] = (had and had[2 + 2 * K + i] or 0) + square
  end
  redis.call('HSET', keys[1], args[1], joined(now))
  return { text(mean), text(variance), text(-(most + math.log(density))) }
end

-- KEYS: the state of an agent. ARGV: in which world, what stood there ('': nothing), what is to, how
-- many worlds there may be. Returns 'ok' | 'other': something else stands there | 'full'.
local function keep(keys, args)
  local there = redis.call('HGET', keys[1], args[1])
  if (there or '') ~= args[2] then return 'other' end
  if not there and redis.call('HLEN', keys[1]) >= tonumber(args[4]) then return 'full' end
  redis.call('HSET', keys[1], args[1], args[3])
  return 'ok'
end

local function register(name, callback, flags)
  redis.register_function { function_name = 'learning_' .. name .. '_1', callback = callback, flags = flags }
end

register('look', look, { 'no-writes' })
register('observe', observe, {})
register('found', found_, {})
register('weigh', weigh, {})
register('keep', keep, {})
