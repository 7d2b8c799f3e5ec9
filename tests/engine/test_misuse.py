"""What a newcomer gets wrong in Python is named, with the cure."""

import subprocess
import sys
from collections.abc import Callable
from datetime import date
from typing import Any

import pytest

import thoughtstream
from thoughtstream import (  # fmt: skip
    ConfigError,
    InvalidRecall,
    InvalidThought,
    Mind,
    NewThought,
    NotConnected,
    ThoughtstreamError,
)
from thoughtstream.config import Settings, load
from thoughtstream.memory.query import RecallQuery

GIVEN = {
    "Colony", "Fail", "Mind", "NewTask", "NewThought", "Packet", "RecallQuery", "Retry",
    "NoService", "TaskQueue", "current_task",
}  # fmt: skip
"""What is no error that a call raises: also a warning."""


@pytest.mark.parametrize("name", thoughtstream.__all__)
def test_what_is_caught_or_given_comes_from_the_package(name: str) -> None:
    found = getattr(thoughtstream, name)
    assert found.__name__ == name
    assert name in GIVEN or issubclass(found, ThoughtstreamError)


def test_no_error_of_the_engine_is_left_out() -> None:
    from thoughtstream import errors

    own = {name for name, found in vars(errors).items() if isinstance(found, type)}
    assert own <= set(thoughtstream.__all__)


def test_the_package_alone_loads_no_engine() -> None:
    heavy = "m.startswith(('redis', 'numpy'))"
    code = f"import sys, thoughtstream; print(*[m for m in sys.modules if {heavy}])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == ""


async def _awaited() -> None:
    await Mind.connect("ana")  # type: ignore[misc]


def _entered() -> None:
    with Mind.connect("ana"):  # type: ignore[attr-defined]
        pass


UNOPENED = [
    (lambda: Mind.connect("ana").think, "think: "),  # type: ignore[attr-defined]
    (lambda: _awaited().send(None), "await: "),
    (_entered, "with: "),
]


@pytest.mark.parametrize(("used", "said"), UNOPENED, ids=["attribute", "await", "with"])
def test_connect_without_async_with(used: Callable[[], Any], said: str) -> None:
    with pytest.raises(NotConnected, match=rf"^{said}.*`async with Mind\.connect"):
        used()


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("redis://localhost", r'name: is a URL; .*Mind\.connect\("ana", "redis'),
        (b"ana", r"name: is bytes, not text; .*\.decode\(\)"),
        (None, "name: is NoneType, not text"),
    ],
)
def test_what_is_no_name(name: Any, said: str) -> None:
    with pytest.raises(InvalidThought, match=said):
        Mind.connect(name)


async def test_a_name_as_the_url() -> None:
    with pytest.raises(ConfigError, match=r"url: is 'ana'; give one that starts with redis://"):
        async with Mind.connect("ana", "ana", settings=Settings()):
            pass


@pytest.mark.parametrize("given", [None, b"tea", 7])
def test_content_and_query_are_text(given: Any) -> None:
    with pytest.raises(InvalidThought, match=r"^content: is \w+, not text; "):
        NewThought.of(given)
    with pytest.raises(InvalidRecall, match=r"^query: is \w+, not text; "):
        RecallQuery.of(given)


@pytest.mark.parametrize("given", ["2020", 2020, 2020.5, "yesterday", b"2020-01-31"])
def test_what_is_no_moment(given: Any) -> None:
    for field in ("since", "until"):
        with pytest.raises(InvalidRecall, match=rf"^{field}: is not a moment; give a datetime, or"):
            RecallQuery.of("tea", **{field: given})


@pytest.mark.parametrize("given", ["2020-01-31", "2020-01-31T08:00", date(2020, 1, 31)])
def test_days_and_moments(given: Any) -> None:
    since = RecallQuery.of("tea", since=given).since
    assert since is not None and since.date() == date(2020, 1, 31)


def test_a_wrong_port_is_not_blamed_on_the_file(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("REDIS_PORT", "six")
    with pytest.raises(ConfigError, match=r"^REDIS_PORT: 'six'"):
        load()
