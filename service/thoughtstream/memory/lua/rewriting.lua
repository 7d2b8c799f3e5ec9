-- Redis only marks an entry of a stream as deleted, and keeps its bytes for as long as its neighbours:
-- in memory, in dumps, and in a log that is written anew. So a stream is written anew, in steps, with
-- the ids that it has, beside itself; then the new one takes its place.

-- KEYS: the stream, the new one, guard. ARGV: how many entries a step may copy, for how long (s) the
-- new one is kept if nobody goes on.
-- Returns 'more', 'again' (it has to begin anew), or 'done': nothing is left of what had been deleted.
local function rewrite(keys, args)
  local stream, new, most = keys[1], keys[2], tonumber(args[1])
  if redis.call('TYPE', stream).ok ~= 'stream' then
    redis.call('DEL', new)
    return 'done'
  end
  local info = to_map(redis.call('XINFO', 'STREAM', stream))
  if info['entries-added'] == info.length then
    redis.call('DEL', new)
    return 'done'
  end
  local last = redis.call('XREVRANGE', new, '+', '-', 'COUNT', 1)[1]
  local page = redis.call('XRANGE', stream, last and '(' .. last[1] or '-', '+', 'COUNT', most)
  for _, entry in ipairs(page) do redis.call('XADD', new, entry[1], unpack(entry[2])) end
  if #page == most then
    redis.call('EXPIRE', new, args[2])
    return 'more'
  end
  if info.length == 0 then -- only an entry makes a stream
    redis.call('DEL', new)
    redis.call('XADD', new, info['last-generated-id'], 'content', '-')
    redis.call('XDEL', new, info['last-generated-id'])
  else -- the oldest may have been dropped meanwhile; after anything else all is copied again
    redis.call('XTRIM', new, 'MINID', info['first-entry'][1])
    if redis.call('XLEN', new) ~= info.length then
      redis.call('DEL', new)
      return 'again'
    end
  end
  local groups = redis.call('XINFO', 'GROUPS', stream)
  redis.call('UNLINK', stream) -- RENAME would free it at once, however long it is
  redis.call('RENAME', new, stream)
  redis.call('PERSIST', stream)
  redis.call('XSETID', stream, info['last-generated-id'], 'ENTRIESADDED', info['entries-added'],
             'MAXDELETEDID', info['max-deleted-entry-id'])
  for _, flat in ipairs(groups) do -- of a window: what attention has read of it
    local group = to_map(flat)
    redis.call('XGROUP', 'CREATE', stream, group.name, group['last-delivered-id'], 'ENTRIESREAD',
               group['entries-read'] or -1)
  end
  return 'done'
end

redis.register_function { function_name = 'letting_go_rewrite_1', callback = rewrite,
                          flags = { 'allow-oom' } }
