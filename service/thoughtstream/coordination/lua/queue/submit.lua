
-- submit -----------------------------------------------------------------------------------------

-- Whether a task of this id has been submitted and is remembered.
local function is_known(q, id)
  return redis.call('HEXISTS', q.key('entries'), id) == 1
    or redis.call('HEXISTS', q.key('results'), id) == 1
end

-- The tasks that the arguments name, and the ids to answer with. A task whose key is known is not
-- submitted again.
local function read_tasks(q, args)
  local ids, tasks, new, bytes = { 'ok' }, {}, {}, 0
  for i = 3, #args, 5 do
    local key, number = args[i], q.ledger.submitted + #tasks + 1
    local id = key ~= '' and '=' .. key or whole(number)
    ids[#ids + 1] = id
    if key == '' or not (new[id] or is_known(q, id)) then
      new[id] = true
      local place, most = place_of(tonumber(args[i + 1]), number), args[i + 3]
      local entry = table.concat({ place, ' ', most, ' ', whole(q.at), '\n', args[i + 4] })
      tasks[#tasks + 1] = { id = id, place = place, delay = tonumber(args[i + 2]), entry = entry }
      bytes = bytes + #entry
    end
  end
  return ids, tasks, bytes
end

-- Whether there is room for so many tasks of so many bytes; and how many there are. The entries are
-- those and the dead, so that one look is enough while there is much room.
local function has_room(q, tasks, bytes, args)
  local most, has = tonumber(args[1]), redis.call('HLEN', q.key('entries'))
  if has + tasks > most then has = has - redis.call('ZCARD', q.key('dead')) end
  return has + tasks <= most and q.ledger.bytes + bytes <= tonumber(args[2]), has
end

-- While somebody is idle nothing waits, so a task that comes alone goes straight to him.
local function goes_straight(tasks, idle)
  return idle and #tasks == 1 and tasks[1].delay == 0
end

-- Returns whether somebody has to look when the first of the delayed falls due.
local function put(q, tasks)
  local waiting, entries, is_delayed = {}, {}, false
  for _, task in ipairs(tasks) do
    entries[#entries + 1], entries[#entries + 2] = task.id, task.entry
    if task.delay > 0 then
      redis.call('ZADD', q.key('delayed'), whole(q.at + task.delay), task.id)
      note(q, task.id, 0, task.place)
      is_delayed = true
    else
      waiting[#waiting + 1], waiting[#waiting + 2] = task.place, task.id
    end
  end
  redis.call('HSET', q.key('entries'), unpack(entries))
  if #waiting > 0 then redis.call('ZADD', q.key('waiting'), unpack(waiting)) end
  return is_delayed
end

-- ARGV: most entries, most bytes, then of each task: key ('' for none), priority, delay (ms), most
-- attempts (and, after a blank, the context of its trace), payload. KEYS beyond a queue's: one without which nothing is submitted. Returns {'ok', id, …},
-- and where nothing was submitted {'full', entries, bytes} | {'closed'}.
local function submit(keys, args)
  local gate = keys[KEY.guard + 1]
  if gate and redis.call('EXISTS', gate) == 0 then return { 'closed' } end
  local q = open(keys, OF_A_SUBMIT)
  local ids, tasks, bytes = read_tasks(q, args)
  if #tasks == 0 then return ids end
  local fits, has = has_room(q, #tasks, bytes, args)
  if not fits then return { 'full', has, q.ledger.bytes } end
  count(q, 'submitted', #tasks)
  count(q, 'bytes', bytes)
  local idle = idle_worker(q)
  if goes_straight(tasks, idle) then
    redis.call('HSET', q.key('entries'), tasks[1].id, tasks[1].entry)
    wake(q, idle, tasks[1].id, tasks[1].entry)
  else
    if put(q, tasks) and idle then wake(q, idle) end
    hand_over(q)
  end
  close(q)
  return ids
end

redis.register_function('queue_submit_1', submit)
