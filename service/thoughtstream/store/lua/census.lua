#!lua name=thoughtstream_census_1

-- Which minds there are. A Function, since it may write at maxmemory: minds that are there already
-- are served on, and seen, where nothing new is taken.

-- KEYS: the minds. ARGV: names. Those that are there already stay.
local function note(keys, args)
  for _, name in ipairs(args) do redis.call('ZADD', keys[1], 0, name) end
end

redis.register_function { function_name = 'census_note_1', callback = note, flags = { 'allow-oom' } }
