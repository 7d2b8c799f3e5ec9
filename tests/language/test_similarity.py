"""What says the same, what shares a gist, and what those of a gist agree on."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.sleep.model import alike
from thoughtstream.language.similarity import common, gist, near_duplicates, statement

LONG = "we walked along the old {} until the lamps of the harbour came on one by one"
PILLS = "Anna must be given {} every morning before breakfast with a glass of water"


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("The kettle is on.", "the KETTLE is on"),
        ("Ein Café am See", "ein café, am See!"),
        ("cafe\u0301", "café"),
        ("磁盘满了。", "磁盘满了"),
        ("I can't say so", "I can’t say so"),  # noqa: RUF001  # what a phone writes
        ("It is -5 °C", "it is  -5°C …"),
        (LONG.format("river"), LONG.format("river").upper() + "!"),
    ],
)
def test_these_say_the_same(one: str, other: str) -> None:
    assert statement(one) == statement(other) != ()
    assert near_duplicates([(1, one), (2, other), (3, one)]) == {2: 1, 3: 1}


DIFFERENT = [
    (PILLS.format("penicillin"), PILLS.format("ibuprofen")),
    (LONG.format("river"), LONG.format("canal")),
    (LONG.format("river"), LONG.format("river") + " again"),
    *(
        (f"In the second week of June {one}", f"In the second week of June {other}")
        for one, other in (
            ("we meet Anna", "we meet Paul"), ("we meet on Monday", "we meet on Friday"),
            ("the alarm is enabled", "the alarm is disabled"), ("take two", "take five"),
            ("it is 3.5 km", "it is 35 km"), ("it is -5 °C", "it is 5 °C"), ("it is .5", "it is 5"),
            ("it costs 5 €", "it costs 5 $"), ("the test is ✓", "the test is ✗"),
            ("a = b", "a != b"), ("the kettle is on", "the kettle is on?"),
            ("the train from Bonn is late", "the train to Bonn is late"),
            ("Anna must go", "Anna can go"), ("she has a few friends", "she has few friends"),
            ("I did say so", "I did not say so"),
            ("I can say so", "I can't say so"), ("she came", "she hardly came"),
        )
    ),
    ("Anna gave Paul the key", "Paul gave Anna the key"),
    ("Anna, 5; Paul, 7", "Anna, 7; Paul, 5"),
    ("Der Ofen in der Küche ist heute aus", "Der Ofen in der Küche ist heute nicht aus"),
    ("Ich habe einen Schlüssel für das Haus", "Ich habe keinen Schlüssel für das Haus"),
    ("Er trinkt Wein in Maßen", "Er trinkt Wein in Massen"),
    ("O forno está ligado hoje de manhã", "O forno não está ligado hoje de manhã"),
    ("Hoje vi a tua avó na praça", "Hoje vi a tua avô na praça"),
    ("Siempre tomo café por la mañana", "Nunca tomo café por la mañana"),
    ("Elle vient demain avec son frère", "Elle ne vient pas demain avec son frère"),
    ("Я сегодня был дома весь день", "Я сегодня не был дома весь день"),
    ("Zij heeft een sleutel van het huis", "Zij heeft geen sleutel van het huis"),
    ("Hän on tänään kotona", "Hän ei ole tänään kotona"),
    ("Jag har varit i Lund idag", "Jag har inte varit i Lund idag"),
    ("Bugün evde bir kedi var", "Bugün evde bir kedi yok"),
    ("Tôi mua bò ở chợ", "Tôi mua bơ ở chợ"),
    ("আমি আজ যাব", "আমি আজ যাব না"),
    ("我今天喝茶", "我今天不喝茶"),
    ("かきをたべた", "かぎをたべた"),
    ("ผมไปตลาด", "ผมไม่ไปตลาด"),
    ("لدي مفتاح", "ليس لدي مفتاح"),
    ("יש לי מפתח", "אין לי מפתח"),
    (f"{'the same ' * 5000} at the end: river", f"{'the same ' * 5000} at the end: canal"),
    ("x" * 100 + "a", "x" * 100 + "b"),
    ("yes", "no"), ("👍", "👎"), ("!!!", "!!!"), ("", ""),
]  # fmt: skip


@pytest.mark.parametrize(("one", "other"), DIFFERENT)
def test_these_do_not(one: str, other: str) -> None:
    assert near_duplicates([(1, one), (2, other)]) == {}
    assert gist(one) != gist(other) or not gist(one) or common([one, other]) != one


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("these are important files", "these are import files"),
        ("The tea is for us", "The tea is for use"),
        ("She pays on the first day", "She paid on the first day"),
    ],
)
def test_what_only_has_the_same_stem_is_not_the_same(one: str, other: str) -> None:
    assert near_duplicates([(1, one), (2, other)]) == {}


some_word = st.text(st.characters(categories=["L"]), min_size=1, max_size=12).filter(
    lambda word: len(word.lower()) == len(word)
)


@given(st.lists(some_word, max_size=8), st.lists(some_word, max_size=8), some_word, some_word)
def test_one_word_makes_a_difference(before: list[str], after: list[str], a: str, b: str) -> None:
    one, other = (" ".join([*before, word, *after]) for word in (a, b))
    same = statement(a) == statement(b)
    assert (near_duplicates([(1, one), (2, other)]) == {2: 1}) is same
    assert near_duplicates([(1, one), (2, " ".join([*before, *after]))]) == {}


word = st.sampled_from(["kettle", "is", "on", "the", "not", "7", "8", "Kettle", "."])


@given(st.lists(st.lists(word, max_size=5).map(" ".join), max_size=12))
def test_the_first_that_says_the_same_stands_for_all(texts: list[str]) -> None:
    expected: dict[int, int] = {}
    for number, text in enumerate(texts):
        first = next((f for f in range(number) if alike(texts[f], text)), None)
        if first is not None:
            expected[number] = expected.get(first, first)
    assert near_duplicates(enumerate(texts)) == expected


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("The disk is 91% full", "disk is: 7 % full, do see the log!", False),
        ("The disk is 91% full at the office", "disk 7 % full at the office!", True),
        ("I bought the apples", "I am buying the apple", True),
        ("I like tea a lot", "I do not like tea a lot", False),
        ("the disk is full", "the disk is empty", False),
        ("the disk is full", "the disk is 91% full", False),
        ("the kettle is on", "The kettle is on...", True),
        ("the kettle is on", "the kettle is off", False),
        ("the train from Bonn is late", "the train to Bonn is late", False),
        ("Paul is not ill, Anna is ill", "Paul is ill, Anna is not ill", False),
        ("Das Haus ist da", "Das Haus ist nicht da", False),
        ("Der Zug hat 5 Minuten Verspätung", "Der Zug hat 7 Minuten Verspätung", True),
        ("磁盘 已用91%", "磁盘 已用92%", True),
        ("磁盘 已用91%", "磁盘 未用91%", False),
    ],
)
def test_gist(one: str, other: str, same: bool) -> None:
    assert gist(one) != ()
    assert (gist(one) == gist(other)) is same


@pytest.mark.parametrize("text", ["", "Thanks!", "7 is 8", "🎉"])
def test_what_tells_too_little_has_no_gist(text: str) -> None:
    assert gist(text) == ()


@pytest.mark.parametrize(
    ("texts", "agreed"),
    [
        (["The disk is 91% full"], "The disk is 91% full"),
        (["The disk is 91% full", "the DISK is 92% full."], "The disk is …% full"),
        (["Room 4: 21.5 °C", "room 4: 22 °C", "room 4: 21.5 °C"], "Room 4: … °C"),
        (["It is -5 at noon", "it is 5 at noon"], "It is … at noon"),
        (["Disk 5 is 94% full", "Disk 5 is …% full"], "Disk 5 is …% full"),
    ],
)
def test_what_they_agree_on(texts: list[str], agreed: str) -> None:
    assert common(texts) == agreed
