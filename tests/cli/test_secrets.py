"""A password is never shown: not in an answer, an error or a log, whatever it consists of."""

import io
import json
import logging
from collections.abc import Iterable, Iterator
from contextlib import redirect_stderr
from typing import Any
from urllib.parse import quote

import pytest
import structlog
from hypothesis import example, given
from hypothesis import strategies as st

from tests.cli.conftest import Terminal
from tests.servers import RedisServer
from thoughtstream import ThoughtstreamError, config, discretion
from thoughtstream.config import RedisConfig
from thoughtstream.faces.cli import logging_setup
from thoughtstream.store.connection import open_client

PASSWORD = "hunter2"
PASSWORDS = st.text(st.characters(exclude_categories=["Cs"]), min_size=6, max_size=20)


def forms(password: str) -> set[str]:
    """A password as it may stand in a text."""
    as_json = json.dumps(password)[1:-1]
    return {password, as_json, repr(password)[1:-1], quote(password, safe="")}


@given(PASSWORDS, st.booleans(), st.sampled_from(["json", "console"]))
@example("hun ter\"2'#/@", False, "json")
async def test_no_error_and_no_log_shows_a_password(password: str, raw: bool, form: str) -> None:
    marked = f"<{password}>"  # no part of a message by chance
    url = f"redis://ana:{marked if raw else quote(marked, safe='')}@127.0.0.1:1?x=1"
    said = io.StringIO()
    with redirect_stderr(said):
        logging_setup.log_to_stderr(form, logging.INFO)
        log = structlog.get_logger()
        try:
            (await open_client(RedisConfig(url=url))).close  # noqa: B018
        except (ThoughtstreamError, UnicodeError) as error:
            log.warning("it failed", error=str(error), url=url, all=[{"url": url}])
            log.exception(f"at {url}", password=marked)
    for secret in forms(marked):
        assert secret not in said.getvalue()


@given(PASSWORDS)
def test_no_wrong_setting_shows_a_password(password: str) -> None:
    marked = f"<{password}>"
    wrong: list[dict[str, Any]] = [
        {"redis": {"password": marked, "password_file": f"/{marked}"}},
        {"redis": {"passwrd": marked}},
        {"redis": {"password": [marked]}},
        {"redis": [{"password": marked}]},
        {"redis": {"url": [f"redis://:{marked}@localhost"]}},
        {"redis": f"redis://:{marked}@localhost"},
    ]
    for settings in wrong:
        with pytest.raises(config.ConfigError) as told:
            config.load(**settings)
        for secret in forms(marked):
            assert secret not in str(told.value)


@given(PASSWORDS)
def test_a_url_is_shown_without_its_password(password: str) -> None:
    marked = f"<{password}>"
    shown = discretion.shown(f"redis://ana:{marked}@[fd00::1]:6379/0?password={quote(marked)}")
    assert shown == "redis://ana:***@[fd00::1]:6379/0?password=***"


def test_what_has_no_password_is_shown_as_it_is() -> None:
    for url in ("redis://[fd00::1]:6379/0", "unix:///home/a@b/redis.sock", "redis://ana@host"):
        assert discretion.shown(url) == url == discretion.without_secrets(url)


def test_a_service_shows_no_password_in_its_log_nor_in_its_answer(
    terminal: Terminal, server: RedisServer
) -> None:
    socket = server.url.removeprefix("unix://")
    terminal.env["REDIS_URL"] = f"unix://default:{PASSWORD}@{socket}"
    for words in (("up", "--json"), ("up",)):
        service = terminal.start(*words)
        assert service.stderr is not None
        log = "".join(iter_until(service.stderr, "service.ready"))
        shown = terminal.call("status").stdout + terminal.call("status", "--json").stdout
        service.terminate()
        out, rest = service.communicate(timeout=60)
        assert f"unix://default:***@{socket}" in log and "***@" in shown
        assert PASSWORD not in out + log + rest + shown
        assert ("***@" in out) == ("--json" in words)


def iter_until(lines: Iterable[str], word: str) -> Iterator[str]:
    """The lines up to the first with this word."""
    for line in lines:
        yield line
        if word in line:
            return


@pytest.mark.timeout(30)
@pytest.mark.parametrize("part", ["a", "a://", "a://b:", "a@", "a://b:@", "?password=", "://:"])
def test_to_look_for_passwords_takes_no_longer_than_the_text_is_long(part: str) -> None:
    """Others choose what a message quotes: a quadratic search stops whoever answers them."""
    long = part * (1_000_000 // len(part))
    assert len(discretion.without_secrets(long)) <= len(long) * 2


def test_what_is_before_and_behind_a_password_is_still_shown() -> None:
    said = "at redis://ana:p:w@d@one:1/0, or (rediss://:x@two), ana@three and http://four:80/a"
    shown = "at redis://ana:***@one:1/0, or (rediss://:***@two), ana@three and http://four:80/a"
    assert discretion.without_secrets(said) == shown
