"""The table "you typed, type this": what is said to be refused is, and what to type works."""

import re
import shlex
from collections.abc import Iterator

import pytest

from tests.cli.conftest import Terminal
from tests.docs.test_readme import ROOT
from tests.servers import RedisServer
from thoughtstream.acl import acl_rules

PAGE = "service/thoughtstream/coordination/README.md"
ROW = re.compile(r"\| `redis-cli ([^`]+)` \|([^|]*)\| `thoughtstream ([^`]+)`")
ROWS = ROW.findall((ROOT / PAGE).read_text())


@pytest.fixture(scope="module")
def peopled(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Terminal]:
    """A home with a service, two agents and a memory."""
    terminal = Terminal(tmp_path_factory.mktemp("peopled") / "home")
    terminal.up()
    for words in (["join", "thoughtseed_001"], ["join", "bob"]):
        terminal.json("agents", *words)
    terminal.json("anchor", "the kettle is on")
    yield terminal
    terminal.clean_up()


def test_the_table_is_there() -> None:
    assert len(ROWS) == (ROOT / PAGE).read_text().count("| `redis-cli ") == 16


@pytest.mark.parametrize("ours", dict.fromkeys(row[2] for row in ROWS))
def test_what_is_to_be_typed_works(peopled: Terminal, ours: str) -> None:
    peopled.json("cache", "set", "summary", '{"lines": 12}')
    done = peopled.call(*shlex.split(ours))
    assert done.returncode == 0, done.stderr
    assert done.stdout


@pytest.mark.parametrize(("typed", "refused", "_"), ROWS, ids=[row[0] for row in ROWS])
@pytest.mark.parametrize("role", ["service", "monitor"])
def test_what_is_refused_is(
    server: RedisServer, role: str, typed: str, refused: str, _: str
) -> None:
    with server.client() as redis:
        rules = acl_rules("service" if role == "service" else "monitor").split()
        redis.execute_command("ACL", "SETUSER", role, "reset", "on", *rules)
        said = redis.execute_command("ACL", "DRYRUN", role, *shlex.split(typed))
        redis.execute_command("ACL", "DELUSER", role)
    if refused.strip() or role == "service":
        assert (said != "OK") == bool(refused.strip()), said
