"""Memory is asked on the page; each memory can be looked into, corrected and let go."""

import re

import pytest
from playwright.sync_api import expect

from tests.web.page.screen import Screen
from tests.web.page.stack import Stack, contents
from thoughtstream.sync import Mind

pytestmark = pytest.mark.slow


@pytest.fixture
def remembering(screen: Screen, mind: Mind, name: str) -> Screen:
    """A page before a mind that remembers three things."""
    for said in ("Marta's flight lands at 18:40", "tea needs four minutes", "a blackbird"):
        mind.anchor(said)
    return screen.watch(name)


def test_what_is_typed_after_the_slash_is_the_question(remembering: Screen) -> None:
    for view in ("redis", f"mind/{remembering.find('#mind-name').text_content()}"):
        remembering.go(view)
        focused = remembering.page.evaluate(
            """() => {
                document.activeElement.blur();
                const slash = { key: "/", bubbles: true };
                document.body.dispatchEvent(new KeyboardEvent("keydown", slash));
                return document.activeElement.id;
            }"""
        )
        assert focused == "question", "at once: no letter may be a key of its own"


def test_a_question_is_answered_and_its_words_marked(remembering: Screen) -> None:
    remembering.press("/")
    remembering.page.keyboard.type("when does Marta land?")
    expect(remembering.find("#question")).to_have_value("when does Marta land?")
    expect(remembering.live).to_have_text("Live")
    expect(remembering.find("#memories li").first).to_contain_text("Marta's flight lands at 18:40")
    expect(remembering.find("#memories mark")).to_have_text(["Marta", "lands"])
    expect(remembering.find("#answer")).to_contain_text("answer")
    remembering.find("#memories .opens").first.click()
    expect(remembering.find("#memories .details")).to_contain_text("answersbest")
    expect(remembering.find("#sediment")).to_have_attribute(
        "aria-label", re.compile("^3 memories .*; [123] of them answer")
    )
    remembering.find("#question").press("Escape")
    expect(remembering.find("#memories li")).to_have_count(3)
    expect(remembering.find("#sediment")).not_to_have_attribute("aria-label", re.compile("answer"))


def test_no_answer_is_said(remembering: Screen) -> None:
    remembering.find("#question").fill("zzyzx")
    expect(remembering.find("#memories .none")).to_contain_text(
        "No memory answers that. What was forgotten is not searched."
    )


def test_a_memory_opens_to_where_it_is_from(remembering: Screen, mind: Mind) -> None:
    [memory] = [one for one in mind.memories() if "tea" in one.content]
    remembering.find("#memories .opens").filter(has_text="tea").click()
    details = remembering.find("#memories .details")
    expect(details).to_contain_text(memory.place)
    expect(details).to_contain_text("salience")


def test_nothing_of_one_mind_stays_before_another(remembering: Screen, stack: Stack) -> None:
    remembering.find("#memories .opens").filter(has_text="tea").click()
    expect(remembering.find("#memories .details")).to_be_visible()
    with stack.mind("somebody else") as other:
        other.anchor("the bus is late")
    remembering.go("mind/somebody%20else")
    expect(remembering.find("#memories li")).to_have_count(1)
    expect(remembering.find("#memories li")).to_contain_text("the bus is late")


def test_forgotten_on_request_and_taken_back(remembering: Screen, mind: Mind) -> None:
    remembering.find("#memories .opens").filter(has_text="blackbird").click()
    remembering.find("#memories .details").get_by_role("button", name="Forget").click()
    expect(remembering.toast).to_contain_text("Forgotten")
    assert "a blackbird" not in contents(mind)
    remembering.press("u")
    expect(remembering.toast).to_contain_text("it is a memory again")
    assert "a blackbird" in contents(mind)


def test_superseded_by_what_is_true(remembering: Screen, mind: Mind) -> None:
    remembering.find("#memories .opens").filter(has_text="tea").click()
    remembering.find("#memories .details").get_by_role("button", name="Supersede").click()
    remembering.find("#reframe-text").fill("tea needs five minutes")
    remembering.find("#reframe-do").click()
    expect(remembering.toast).to_contain_text("Superseded")
    assert "tea needs five minutes" in contents(mind)
    assert "tea needs four minutes" not in contents(mind)
