"""What was said in any language is found by its own words, with either index."""

import hashlib
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from tests.recall.conftest import REDISEARCH, Place
from tests.recall.servers import anchor, settings_for
from thoughtstream import Mind, keys
from thoughtstream.attention.models import NewThought
from thoughtstream.language.words import RULES, Query, indexed, words
from thoughtstream.memory import fts5_file, fts5_index, redisearch_index
from thoughtstream.memory.index import Wanted
from thoughtstream.memory.models import Filters, Location

SCRIPTS = (
    "abcxyz", "äöüßéñçøł", "ΑβγςΆώ", "АбвёйЇ", "我的笔记本电脑", "ひらがなカタ", "노트북이",
    "ฉันชอบกิน้่", "ລາວນ້ຳ", "ខ្មែរ", "မြန်မာ", "हिन्दीनि", "தமிழ்", "עִברית", "العَرَبية", "፩ሀለ",
    "\uff21\uff22\uff23\uff11", "ﬁﬀſ", "\uff41\u0301n\u0303",
    "\U0001d400\U0001d4b7", "ꭰᏸ", "١٢३", "😀\ufe0f_'-  \n",
)  # fmt: skip
any_language = st.lists(
    st.sampled_from(SCRIPTS).flatmap(lambda letters: st.text(letters, max_size=8)), min_size=1
).map(" ".join)
texts = st.one_of(any_language, st.text(), any_language.map(lambda text: text.replace(" ", "")))

SAME = [
    ("我的笔记本电脑坏了", "笔记本电脑"),
    ("我养了一只猫", "猫"),
    ("昨日、新しい自転車を買いました", "自転車"),
    ("노트북이고장났어요", "노트북"),
    ("เมื่อวานฉันซื้อจักรยานใหม่", "จักรยาน"),
    ("ຂ້ອຍມັກກິນເຂົ້າ", "ເຂົ້າ"),
    ("ខ្ញុំចូលចិត្តបាយ", "បាយ"),
    ("ကျွန်တော်ထမင်းကြိုက်တယ်", "ထမင်း"),
    ("sie wohnt in der Straße", "strasse"),
    ("in der STRASSE", "Straße"),
    ("ένας κόσμος είναι μικρός", "κοσμος"),
    ("ΚΟΣΜΟΣ", "κόσμος"),
    ("Пётр уехал", "петр"),
    ("the ﬁnance report", "finance"),
    ("\uff21\uff22\uff23 corporation", "abc"),
    ("मेरी किताब", "किताब"),
    ("cafe\u0301 noir", "café"),
    ("Łódź jest ładna", "lodz"),
    ("die Häuser brennen", "haus"),
    ("wir haben die alten Fahrräder verkauft", "Was ist mit dem alten Fahrrad?"),
    ("мы купили новые чайники", "чайник"),
    ("compramos dos bicicletas nuevas", "¿Cuándo compraste la bicicleta?"),
    (f"{'x ' * 30_000} zebra", "zebra"),
]


async def proposed(mind: Mind, place: Place, asked: str) -> list[Location]:
    """What the index of this place has for a question, whatever recall makes of it."""
    recall = mind._recall
    await recall._streams.heads()
    index = recall._index if place.index == REDISEARCH else recall._fallback
    query = Query.of(asked)
    same = {term.stem: 1.0 for term in query.terms}
    return (await index.propose(Wanted(query.terms, (), same, Filters(), 10))).locations


@pytest.mark.parametrize(("said", "asked"), SAME)
async def test_it_is_found(mind: Mind, place: Place, said: str, asked: str) -> None:
    await anchor(mind, [NewThought.of("nothing of the kind"), NewThought.of(said)])
    [best, *_] = await mind.recall(asked)
    assert best.content == said
    assert await proposed(mind, place, asked) == [Location("episodic", best.entry)]


@pytest.mark.slow
@hypothesis_settings(
    max_examples=60,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(text=texts.filter(lambda text: bool(words(text))))
async def test_any_word_of_a_text_proposes_it(place: Place, tmp_path: Path, text: str) -> None:
    with place.server.client() as client:
        client.flushall()
    async with Mind.connect("tongues", settings=settings_for(place.server, tmp_path)) as mind:
        await anchor(mind, [NewThought.of(text)])
        for word in {*words(text)}:
            assert len(await proposed(mind, place, word)) == 1, word


@pytest.mark.parametrize("rules", [RULES + 1, RULES])
async def test_other_rules_make_the_index_anew(
    mind: Mind, place: Place, rules: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also of memories that an earlier version wrote, with words of its own."""
    [id_] = await anchor(mind, [NewThought.of("我的笔记本电脑坏了")])
    with place.server.client() as client:
        client.hset(keys.ITEM.key(mind="ana", id=id_), "words", "of an earlier version")
    monkeypatch.setattr(redisearch_index, "indexed", lambda text: "nothing")
    monkeypatch.setattr(fts5_index, "indexed", lambda text: "nothing")
    assert await proposed(mind, place, "电脑") == []
    monkeypatch.undo()
    mark = redisearch_index._MARK.replace(f"_{RULES}", f"_{rules}", 1)
    monkeypatch.setattr(redisearch_index, "_MARK", mark)
    monkeypatch.setattr(fts5_file, "_VERSION", fts5_file._VERSION + rules - RULES)
    async with Mind.connect("ana", settings=mind._settings) as same:
        found = await proposed(same, place, "电脑")
    assert len(found) == (rules != RULES)


def test_rules_have_a_number() -> None:
    """If this fails, what `indexed` makes of texts is another: raise `RULES`, then mend this."""
    made = "\n".join(indexed(text) for pair in SAME for text in pair)
    assert (RULES, hashlib.sha256(made.encode()).hexdigest()[:8]) == (1, "1e6547b8")
