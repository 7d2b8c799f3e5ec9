"""Whatever a mind says is shown as text, and breaks nothing."""

import pytest
from playwright.sync_api import expect

from tests.web.page.screen import Screen
from tests.web.page.stack import Stack
from thoughtstream import keys
from thoughtstream.sync import Mind

pytestmark = pytest.mark.slow

FOREIGN = {
    "markup": b"<img src=x onerror=\"document.title='owned'\">",
    "address": b"javascript:document.title='owned'",
    "override": "abc \u202egnp.exe\u2066 \u202dxyz".encode(),
    "template": b"${document.title='owned'} {{7*7}} </script><script>alert(1)</script>",
    "combining": ("Z" + "\u0300" * 500).encode(),
    "surrogate": b"half of a sign: \xed\xa0\xbd",
}
ODD_NAMES = ["a/b", "..", "=a", "{x} %2F", "Ärger 🦊", "<b>x</b>", "n" * 1000]
WIDTHS = (1440, 390, 320)


def test_it_is_shown_as_text(screen: Screen, stack: Stack, name: str) -> None:
    """All at once, each in a place; and in turn as what the mind attends to, and remembers."""
    screen.watch(name)
    with stack.redis.client() as redis:
        for said in FOREIGN.values():
            redis.xadd(keys.WINDOW.key(mind=name, window="sensory"), {"content": said})
    shown = screen.find("#places .says")
    for said in FOREIGN.values():
        text = said.decode(errors="replace")
        expect(shown.filter(has_text=text[:200])).to_have_count(1)
    expect(screen.sentence).to_be_visible()
    screen.press("Shift+T")
    expect(screen.find("#table-rows tr")).to_have_count(len(FOREIGN))
    screen.press("Escape")
    expect(screen.find("#memories .says")).to_have_count(4)
    assert screen.find("main img, main script, main a[href^='javascript']").count() == 0
    expect(screen.page).to_have_title(f"{name} · Thoughtstream")
    assert screen.overflow_px() == 0


def test_much_without_a_blank_does_not_widen_it(screen: Screen, mind: Mind, name: str) -> None:
    mind.anchor("y" * 60_000)
    screen.watch(name)
    mind.think("x" * 60_000)
    expect(screen.sentence).to_contain_text("xxxxxxxx")
    screen.find("#memories .opens").filter(has_text="yyyyyyyy").click()
    expect(screen.find("#memories .details")).to_be_visible()
    for width in WIDTHS:
        screen.page.set_viewport_size({"width": width, "height": 844})
        assert screen.overflow_px() == 0, f"at {width}"


def test_a_mind_may_have_any_name(screen: Screen, stack: Stack) -> None:
    for odd in ODD_NAMES:
        with stack.mind(odd) as mind:
            mind.think(f"I am {odd[:20]}")
    screen.open()
    for odd in ODD_NAMES:
        screen.go("minds")
        screen.find("#minds-name").fill(odd)
        screen.find("#tiles a").filter(has_text=odd).first.click()
        expect(screen.find("#mind-name")).to_have_text(odd)
        expect(screen.sentence).to_have_text(f"I am {odd[:20]}")
        assert screen.overflow_px() == 0, odd
