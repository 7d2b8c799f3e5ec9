"""What a text tells, beside what its source has said: in words, and for any text."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from thoughtstream.senses import hearing, salience
from thoughtstream.senses.hearing import Hearing
from thoughtstream.senses.salience import Told

texts = st.lists(st.text(), max_size=8)


def salience_of(text: str, *before: str) -> float:
    known = Hearing()
    for one in before:
        known.hear(one)
    return salience.of_text(known.hear(text))


@given(texts, st.text())
def test_what_any_text_tells_is_from_0_to_1_and_always_the_same(
    before: list[str], text: str
) -> None:
    first, second = Hearing(), Hearing()
    for one in before:
        assert first.hear(one) == second.hear(one)
    told = first.hear(text)
    assert told == second.hear(text)
    assert all(0 <= part <= 1 for part in told)
    assert told.news < 1


@given(texts, st.text())
def test_what_was_just_said_is_no_news(before: list[str], text: str) -> None:
    known = Hearing()
    for one in [*before, text]:
        known.hear(one)
    told = known.hear(text)
    assert (told.news, told.names) == (0, 0)


@given(
    st.lists(
        st.sampled_from(["tea", "boat", "tent", "hill", "lamp", "rope", "coat", "oar"]), max_size=20
    )
)
def test_more_words_tell_no_less(told: list[str]) -> None:
    found = [Hearing().hear(" ".join(told[:count])) for count in range(len(told) + 1)]
    assert found == sorted(found)


@pytest.mark.parametrize(
    ("less", "more"),
    [
        ("Wow, cool!", "I adopted two cats from the shelter in May"),
        ("Boah, cool!", "ich habe im Mai zwei Katzen aus dem Tierheim geholt"),
        ("¡Qué bien!", "adopté dos gatos del refugio en mayo"),
        ("すごい\uff01", "五月に保護施設から猫を二匹引き取りました"),
        ("真棒\uff01", "我五月从收容所领养了两只猫"),
        ("отлично!", "в мае мы взяли двух кошек из приюта"),
        ("the kettle is on", "the kettle is on and nobody has been in the kitchen since the start"),
        ("we met some while ago", "we met 12 years ago"),
        ("it was fixed before noon", "it was fixed on Friday noon"),
        ("it was told by somebody", "it was told by Caroline"),
        ("gesagt hat das jemand", "gesagt hat das Özlem"),
        ("they painted the fence", "I painted the fence"),
        ("did you paint the fence?", "she did paint the fence"),
        ("猫を飼っていますか\uff1f", "猫を飼っていますから"),
    ],
)  # fmt: skip
def test_who_tells_something_is_more_salient(less: str, more: str) -> None:
    assert salience_of(more) > salience_of(less)


def test_a_name_is_one_where_it_is_news_and_starts_no_sentence() -> None:
    def names(text: str, *before: str) -> float:
        known = Hearing()
        for one in before:
            known.hear(one)
        return known.hear(text).names

    assert names("we met Anna") == 0.5
    assert names("we met Anna, Ben and Eva") == 1
    assert names("That is good, Anna", "we met Anna") == 0
    assert names("We met. Then we left") == 0
    assert names("we ate cafés éclairs") == 0


def test_only_sentences_that_ask_count_as_asked() -> None:
    told = Hearing().hear("The boat has sunk. Anna swam")
    assert Hearing().hear('"Anna swam?!"') == Hearing().hear("Anna swam?")
    with_question = Hearing().hear("The boat has sunk. Where were they? Anna swam")
    as_question = Hearing().hear("The boat has sunk? Anna swam?!")
    assert with_question.news > told.news > as_question.news
    assert with_question.length > told.length > as_question.length
    assert Hearing().hear("see example.org/a?b=3 for more").length == pytest.approx(
        Hearing().hear("see example.org/a b=3 for more").length
    )


def test_a_source_that_always_says_new_things_makes_them_usual() -> None:
    known = Hearing()
    told = [known.hear(" ".join(f"w{n}x{m}" for m in range(30))) for n in range(600)]
    assert told[0].news > 0.8
    assert told[-1].news == pytest.approx(0.5, abs=0.05)


def test_a_source_that_says_little_is_no_more_salient_for_a_word() -> None:
    known = Hearing()
    for _ in range(5000):
        known.hear("all is well")
    assert known.hear("all is lost").news == pytest.approx(0.5)


def test_what_is_known_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(hearing, "_MOST_KNOWN", 10)
    known = Hearing()
    known.hear("anchor")
    for number in range(40):
        known.hear(f"word{number}")
        assert known.hear(f"word{number}").news == 0
        assert len(known._recent | known._older) <= 2 * 11
    assert known.hear("anchor") > Told(0, 0, 0, 0, 0)
    assert known.hear("anchor").news == 0


def test_what_is_said_again_and_again_stays_known(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(hearing, "_MOST_KNOWN", 10)
    known = Hearing()
    known.hear("the kettle")
    for number in range(40):
        assert known.hear(f"the kettle {number}").news <= 0.5
        assert known.hear("the kettle").news == 0
