"""Words and stems, in any language."""

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from thoughtstream.language.stop_words import language_of
from thoughtstream.language.words import Query, stems, words


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("Don't_go, 2 fast!", ["don", "t", "go", "2", "fast"]),
        ("我坏了", ["我坏", "坏了"]),
        ("猫", ["猫"]),
        ("买了iPhone15手机", ["买了", "iphone15", "手机"]),
        ("노트북이 책", ["노트", "트북", "북이", "책"]),
        ("กินข้าว", ["กิน", "นข้", "ข้า", "าว"]),
        ("Straße ﬁnance Łódź ΚΟΣΜΟΣ Пётр", ["strasse", "finance", "lodz", "κοσμοσ", "петр"]),
        ("герой хинди हिन्दी", ["герой", "хинди", "हिन्दी"]),
        ("soft\u00adhyphen 1\ufe0f\u20e3 \u0301 \u0e31", ["softhyphen", "1"]),
    ],
)  # fmt: skip
def test_what_the_words_of_a_text_are(text: str, told: list[str]) -> None:
    assert words(text) == told


@given(st.text())
def test_how_letters_are_composed_does_not_matter(text: str) -> None:
    for form in ("NFC", "NFD", "NFKC", "NFKD"):
        assert words(unicodedata.normalize(form, text)) == words(text)


@pytest.mark.timeout(20)
@pytest.mark.parametrize("marks", ["\u0301\u0323", "\u0e48\u0e38", "\u3099", "\u2014\u0301"])
def test_many_marks_cost_no_more_than_other_letters(marks: str) -> None:
    """In the square of their number, these would take minutes."""
    assert [word[0] for word in words(f"one g{marks * 150_000} two")] == ["o", "g", "t"]


@pytest.mark.parametrize(
    ("language", "text"),
    [
        ("english", "Was it the man who said so?"),
        ("german", "Wie heißt der Hund?"),
        ("spanish", "¿Cómo se llama el perro?"),
        ("french", "Comment s'appelle le chien de Marie ?"),
        ("portuguese", "Como se chama o cachorro dela?"),
        ("italian", "Come si chiama il cane della vicina?"),
        ("dutch", "Hoe heet de hond van het meisje?"),
        ("swedish", "Vad heter hunden och var är den?"),
        ("polish", "Jak się nazywa ten pies i gdzie jest?"),
        ("turkish", "Bu köpek ne ve nerede?"),
        (None, "Kaffee"),
        (None, "Чайник 茶"),
    ],
)
def test_the_language_of_a_text(language: str | None, text: str) -> None:
    assert language_of(frozenset(words(text))) == language


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("die Häuser der Stadt", "das Haus in der Stadt"),
        ("las bicicletas de Ana", "la bicicleta de Ana"),
        ("le biciclette della zia", "la bicicletta della zia"),
        ("старые чайники", "старый чайник"),
        ("de boeken van het meisje", "het boek van het meisje"),
    ],
)
def test_forms_of_a_word_have_one_stem(one: str, other: str) -> None:
    last = {text: stems(text)[1] for text in (one, other)}
    assert last[one] == last[other]


def test_a_letter_that_may_be_a_word_is_asked_for_beside_pairs() -> None:
    assert {term.stem for term in Query.of("猫在哪里?").terms} == {"猫在", "猫"}
    assert "猫" in stems("我养了一只猫")
