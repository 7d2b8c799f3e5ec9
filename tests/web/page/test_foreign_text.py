"""Whatever a mind says is shown as text, and breaks nothing."""

import pytest
from playwright.sync_api import Browser, expect

from tests.web.page.screen import Screen, screen_of
from tests.web.page.stack import Stack
from tests.web.served import Web
from thoughtstream.sync import Mind

pytestmark = pytest.mark.slow

FOREIGN = {
    "markup": "<img src=x onerror=\"document.title='owned'\">",
    "address": "javascript:document.title='owned'",
    "override": "abc \u202egnp.exe\u2066 \u202dxyz",
    "template": "${document.title='owned'} {{7*7}} </script><script>alert(1)</script>",
    "combining": "Z" + "\u0300" * 500,
}


@pytest.mark.parametrize("said", FOREIGN.values(), ids=FOREIGN)
def test_it_is_shown_as_text(screen: Screen, mind: Mind, name: str, said: str) -> None:
    screen.watch(name)
    mind.think(said)
    mind.anchor(f"remembered: {said}")
    expect(screen.sentence).to_have_text(said)
    screen.find("#question").fill("remembered")
    expect(screen.find("#memories .says").first).to_contain_text("remembered")
    assert screen.find("main img, main script, main a[href^='javascript']").count() == 0
    expect(screen.page).to_have_title(f"{name} · Thoughtstream")
    assert screen.overflow_px() == 0


@pytest.mark.parametrize("width", [1440, 390, 320])
def test_much_without_a_blank_does_not_widen_it(
    browser: Browser, web: Web, mind: Mind, name: str, width: int
) -> None:
    with screen_of(browser, web, viewport={"width": width, "height": 844}) as screen:
        screen.watch(name)
        mind.think("x" * 60_000)
        mind.anchor("y" * 60_000)
        expect(screen.sentence).to_contain_text("xxxxxxxx")
        expect(screen.find("#memories .says").first).to_contain_text("yyyyyyyy")
        screen.find("#memories .opens").first.click()
        expect(screen.find("#memories .details")).to_be_visible()
        assert screen.overflow_px() == 0


@pytest.mark.parametrize(
    "odd", ["a/b", "..", "=a", "{x} %2F", "Ärger 🦊", "<b>x</b>", "n" * 1000], ids=repr
)
def test_a_mind_may_have_any_name(screen: Screen, stack: Stack, odd: str) -> None:
    with stack.mind(odd) as mind:
        mind.think("I am")
        screen.open("minds")
        screen.find("#minds-name").fill(odd)
        screen.find("#tiles a").filter(has_text=odd).first.click()
        expect(screen.find("#mind-name")).to_have_text(odd)
        expect(screen.sentence).to_have_text("I am")
        assert screen.overflow_px() == 0
