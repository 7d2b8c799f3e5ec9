#!lua name=thoughtstream_recall_1

-- Reads many memories at once: as commands of their own, most of the time would go into sending them.

-- KEYS: streams. ARGV: pairs of a stream's number and an entry.
-- Returns for each {its fields and values}, or false where there is none.
local function read(keys, args)
  local found = {}
  for at = 1, #args, 2 do
    local entries = redis.call('XRANGE', keys[tonumber(args[at])], args[at + 1], args[at + 1])
    found[#found + 1] = entries[1] and entries[1][2] or false
  end
  return found
end

redis.register_function { function_name = 'recall_read_1', callback = read, flags = { 'no-writes' } }
