-- A memory: an entry in the stream of its kind, and an item that can be searched.

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

-- Where a memory stands among those of its kind: by when it was said (`at`, else its id), which is
-- not the order of the stream: that is when it was encoded. Each window
-- has ids of its own, so what was encoded in the millisecond it was said stands as in the stream.
-- As in timeline.py.
local function place_in_time(fields, entry)
  local ms, seq, window = string.match(fields.id or '', '^(%d+)-(%d+)@(.*)$')
  local entry_ms, entry_seq = string.match(entry, '^(%d+)-(%d+)$')
  if not ms or #ms > 20 or #seq > 20 or ms == entry_ms then
    ms, seq, window = entry_ms, entry_seq, ''
  end
  local at = fields.at and #fields.at <= 18 and string.match(fields.at, '^%d+$')
  return pad(at or ms) .. ' ' .. pad(ms) .. '-' .. pad(seq) .. '@' .. window .. ' ' .. entry
end

local function timeline_of(stream)
  return (string.gsub(stream, '}:(%a+)$', '}:timeline:%1'))
end

-- Removes a memory: its entry, its item, its place in time. `fields` are those of either.
local function remove_memory(stream, item, fields, entry)
  redis.call('XDEL', stream, entry)
  redis.call('ZREM', timeline_of(stream), place_in_time(fields, entry))
  redis.call('DEL', item)
end

-- Writes a memory of these fields, which have its content, as a stream entry, as an item and in its
-- place in time. `at`: the entry that it is to have, if that matters.
local function write_memory(stream, item, kind, flat, at)
  local entry = redis.call('XADD', stream, at or '*', unpack(flat))
  redis.call('ZADD', timeline_of(stream), 0, place_in_time(to_map(flat), entry))
  local words = hidden_words(get(flat, 'content'))
  redis.call('HSET', item, 'kind', kind, 'entry', entry, unpack(flat))
  if words ~= '' then redis.call('HSET', item, 'words', words) end
end
