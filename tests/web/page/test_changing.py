"""What a person changes is changed in the mind, once, or the page says why not."""

import pytest
from playwright.sync_api import expect

from tests.web.page.screen import Screen
from tests.web.page.stack import Stack, contents, wait_until_settled
from thoughtstream import NewThought
from thoughtstream.faces.web.place import tokens_of
from thoughtstream.sync import Mind

pytestmark = pytest.mark.slow

SAID = "a mistake"


@pytest.fixture
def attended(screen: Screen, mind: Mind, name: str) -> Screen:
    """A page before which a thought is attended."""
    screen.watch(name)
    mind.think(SAID)
    expect(screen.sentence).to_have_text(SAID)
    return screen


def test_a_veto_by_click_prevents_the_memory(attended: Screen, mind: Mind) -> None:
    attended.find("#now").get_by_role("button", name="Veto").click()
    expect(attended.toast).to_contain_text("Vetoed")
    expect(attended.find("#now .sentence")).to_have_class("sentence struck")
    wait_until_settled(mind)
    assert contents(mind) == []
    expect(attended.find("#flow")).to_contain_text("1 vetoed")


def test_a_veto_by_key_prevents_the_memory(attended: Screen, mind: Mind) -> None:
    expect(attended.place(SAID)).to_be_visible()
    attended.press("j", "v")
    expect(attended.place(SAID)).to_have_class("vetoed chosen")
    wait_until_settled(mind)
    assert contents(mind) == []


def test_two_who_veto_make_one_veto(attended: Screen, mind: Mind) -> None:
    thought = mind.state(top=1).intervening[0].id
    mind.intervene(thought, "veto")
    attended.press("v")
    wait_until_settled(mind)
    assert mind.audit().vetoed == 1


def test_undone_it_becomes_a_memory(attended: Screen, mind: Mind) -> None:
    attended.press("v")
    expect(attended.toast).to_contain_text("Vetoed")
    attended.press("u")
    expect(attended.toast).to_contain_text("The veto is taken back")
    wait_until_settled(mind)
    assert contents(mind) == [SAID]


def test_a_veto_by_somebody_else_is_seen(attended: Screen, mind: Mind) -> None:
    mind.intervene(mind.state(top=1).intervening[0].id, "veto")
    expect(attended.place(SAID)).to_have_class("vetoed")


def test_too_late_says_so_and_offers_to_supersede(attended: Screen, mind: Mind) -> None:
    wait_until_settled(mind)
    attended.press("v")
    expect(attended.toast).to_contain_text("Too late")
    attended.toast.get_by_role("button", name="Supersede it").click()
    attended.find("#reframe-text").fill("what is true")
    attended.find("#reframe-do").click()
    expect(attended.toast).to_contain_text("Superseded")
    assert contents(mind) == ["what is true"]


def test_reframed_it_is_remembered_in_the_new_words(attended: Screen, mind: Mind) -> None:
    attended.press("r")
    attended.find("#reframe-text").fill("no mistake at all")
    attended.find("#reframe-do").click()
    expect(attended.sentence).to_have_text("no mistake at all")
    wait_until_settled(mind)
    [memory] = mind.memories()
    assert memory.content == "no mistake at all"
    assert memory.fields["original_content"] == SAID


def test_boosted_it_is_remembered_as_stronger(attended: Screen, mind: Mind) -> None:
    attended.press("b")
    expect(attended.toast).to_contain_text("Boosted to 1.00")
    wait_until_settled(mind)
    assert mind.memories()[0].salience == 1


def test_what_was_forgotten_is_taken_back(screen: Screen, mind: Mind, name: str) -> None:
    screen.watch(name)
    mind.feed([NewThought.of("strong", salience=0.9), NewThought.of("weak", salience=0.1)])
    expect(screen.sentence).to_have_text("strong")  # of two that come at once it shows this one
    row = screen.find("#forgotten li").filter(has_text="weak")
    expect(row).to_contain_text("0.10")
    row.get_by_role("button", name="Take back").click()
    expect(screen.toast).to_contain_text("Taken back")
    expect(screen.sentence).to_have_text("weak")
    expect(row).to_have_count(0)


def test_a_token_for_looking_only_draws_no_actions(
    screen: Screen, stack: Stack, mind: Mind, name: str
) -> None:
    _, secret = tokens_of(stack.settings).add(f"guest of {name}", ("read",))
    mind.think(SAID)
    screen.open(f"mind/{name}", token=secret)
    expect(screen.sentence).to_have_text(SAID)
    expect(screen.find("#limits")).to_contain_text("intervene")
    expect(screen.find("#now button")).to_have_count(0)
    expect(screen.find("#places button")).to_have_count(0)
