"""English words that rules don't cover: stop words and irregular forms.

Texts in other languages only lose the few words that are spelled the same.
"""

_TELLING_NOTHING = """
    a about after all also am an and any are as at be been before being both but by can could d
    did didn do does doesn done don during each few for from had has have having he her hers him
    his how i if in into is it its just ll m may me might more most must my no not of on only or
    other our own re s same shall she should so some such t than that the their them then there
    these they this to too us ve very was we were what when where which who whom why will with
    would you your
"""

STOP_WORDS = frozenset(_TELLING_NOTHING.split())
"""Words that are in every text and say nothing about it. Letters: what apostrophes leave."""

_FORMS = """
    begin began begun; bite bit bitten; blow blew blown;
    break broke broken; bring brought; build built; buy bought; catch caught; choose chose chosen;
    come came; deal dealt; dig dug; draw drawn drew; drink drank drunk; drive driven drove;
    eat ate eaten; fall fallen fell; feed fed; feel felt; fight fought; find found; flee fled;
    fly flew flown; forget forgot forgotten; forgive forgave forgiven; freeze froze frozen;
    get got gotten; give gave given; go gone went; grow grew grown; hang hung; hear heard;
    hide hid hidden; hold held; keep kept; know knew known; lead led; learn learnt; leave left;
    lend lent; lose lost; make made; mean meant; meet met; pay paid; ride ridden rode;
    ring rang rung; rise risen rose; run ran; say said; see saw seen; seek sought; sell sold;
    send sent; shake shaken shook; shine shone; shoot shot; sing sang sung; sink sank sunk;
    sit sat; sleep slept; slide slid; speak spoke spoken; spend spent; spin spun; stand stood;
    steal stole stolen; stick stuck; strike struck; swear swore sworn; sweep swept; swim swam swum;
    swing swung; take taken took; teach taught; tear tore torn; tell told; think thought;
    throw threw thrown; understand understood; wake woke woken; wear wore worn; win won;
    wind wound; write written wrote;
    child children; foot feet; goose geese; half halves; knife knives; leaf leaves; life lives;
    man men; mouse mice; person people; shelf shelves; tooth teeth; wife wives; wolf wolves;
    woman women; good best better; bad worse worst; far farther further
"""

IRREGULAR: dict[str, str] = {
    form: base for base, *forms in (line.split() for line in _FORMS.split(";")) for form in forms
}
"""Irregular form to base: verbs, plurals, degrees."""
