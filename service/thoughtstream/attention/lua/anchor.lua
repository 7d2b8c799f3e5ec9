-- From an attended thought to memory: a stream entry and a searchable item.

-- Where a thought is remembered: as it says; else a `skill` is procedural, what was reasoned is
-- semantic, and everything else an episode.
local function kind_of(fields)
  if fields.kind and fields.kind ~= '' then return fields.kind end
  if fields.skill then return 'procedural' end
  if fields.window == 'reasoning' then return 'semantic' end
  return 'episodic'
end

local function bound_memory(run, stream, maxlen)
  if maxlen == 0 then return end
  local excess = redis.call('XLEN', stream) - maxlen
  if excess <= 0 then return end
  count(run, 'outgrown', excess)
  for _, entry in ipairs(redis.call('XRANGE', stream, '-', '+', 'COUNT', excess)) do
    redis.call('DEL', run.item_prefix .. to_map(entry[2]).id)
    redis.call('XDEL', stream, entry[1])
  end
end

-- A search index of the server ends words at ASCII punctuation only (`_` is none of it), tells
-- accents apart, and stops at a NUL. So an item has in `words`, once more, the words that this
-- would hide: with blanks for other punctuation and for pictures, and without accents.
local ACCENTED = {
  a = 'àáâãäåāăąÀÁÂÃÄÅĀĂĄ', c = 'çćĉċčÇĆĈĊČ', d = 'ďĎ', e = 'èéêëēĕėęěÈÉÊËĒĔĖĘĚ', g = 'ĝğġģĜĞĠĢ',
  h = 'ĥĤ', i = 'ìíîïĩīĭįÌÍÎÏĨĪĬĮİ', j = 'ĵĴ', k = 'ķĶ', l = 'ĺļľĹĻĽ', n = 'ñńņňÑŃŅŇ',
  o = 'òóôõöōŏőÒÓÔÕÖŌŎŐ', r = 'ŕŗřŔŖŘ', s = 'śŝşšșŚŜŞŠȘ', t = 'ţťțŢŤȚ', w = 'ŵŴ',
  u = 'ùúûüũūŭůűųÙÚÛÜŨŪŬŮŰŲ', y = 'ýÿŷÝŶŸ', z = 'źżžŹŻŽ',
}
local LETTER = '[\194-\223][\128-\191]' -- of two bytes
local plain_letters = {}
local BLANK = {
  '[%z_]', '\194[\128-\191]', '\195[\151\183]',      -- NUL, _; U+0080..00BF; times, division
  '\226[\128-\175][\128-\191]', '\227\128[\128-\191]', -- U+2000..2BFF: marks; U+3000..303F
  '\239\184[\128-\143]', '\240\159[\128-\191][\128-\191]', -- variants; U+1F000..1FFFF: pictures
}

local function hidden_words(content)
  if not string.find(content, '[%z_\128-\255]') then return '' end
  if not next(plain_letters) then
    for plain, letters in pairs(ACCENTED) do
      for letter in string.gmatch(letters, LETTER) do plain_letters[letter] = plain end
    end
  end
  local cut = string.find(content, '%z') or #content + 1
  local words = {}
  for at, chunk in string.gmatch(content, '()(%S+)') do
    local plain = string.gsub(chunk, LETTER, plain_letters)
    for _, blank in ipairs(BLANK) do plain = string.gsub(plain, blank, ' ') end
    if plain ~= chunk or at > cut then words[#words + 1] = plain end
  end
  return table.concat(words, ' ')
end

local NOT_REMEMBERED = { kind = true, cycle = true }

-- A memory that came back as a thought (`recalled`) is a memory already, unless it was reframed.
local function is_remembered(run, fields)
  return fields.recalled and not fields.reframed_at
         and redis.call('EXISTS', run.item_prefix .. fields.recalled) == 1
end

local function anchor(run, attended)
  local fields = to_map(attended)
  if is_remembered(run, fields) then return count(run, 'recurred') end
  local kind = kind_of(fields)
  local stream, item = run.keys[KEY[kind]], run.item_prefix .. fields.id
  local flat = without(attended, NOT_REMEMBERED)
  set(flat, 'anchored_at', whole(run.now))
  local entry = redis.call('XADD', stream, '*', unpack(flat))
  local words = hidden_words(fields.content)
  redis.call('HSET', item, 'kind', kind, 'entry', entry, unpack(flat))
  if words ~= '' then redis.call('HSET', item, 'words', words) end
  if kind == 'episodic' then bound_memory(run, stream, run.cfg.episodic_maxlen) end
  if kind == 'semantic' then bound_memory(run, stream, run.cfg.semantic_maxlen) end
  run.anchored_ids[#run.anchored_ids + 1] = fields.id
end
