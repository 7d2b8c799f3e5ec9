"""What is wrong with the settings is one line with the cure, as JSON too, and never a traceback."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from typer.main import get_command

from tests.cli.conftest import Terminal
from tests.servers import RedisServer
from thoughtstream.config import MemoryConfig
from thoughtstream.faces.cli.app import app

NOBODY = "redis://127.0.0.1:1"


@pytest.mark.parametrize(
    ("url", "says"),
    [
        ("redis://:hun#ter2@localhost:6379", "# as %23"),
        ("redis://:hun/ter2@localhost:6379", "/ as %2F"),
        ("redis://:hun?ter2@localhost:6379", "? as %3F"),
        ("redis://:1/hunter2@localhost:6379", "/ as %2F"),
        ("redis://:1@a/hunter2@localhost:6379", "/ as %2F"),
        ("redis://:hunter2@localhost:99999", "from 1 to 65535"),
        ("redis://one:7001,two:seven", "from 1 to 65535"),
        ("redis://[::1", "in brackets"),
        ("redis://localhost/abc", "a database, like /0"),
        ("http://u:hunter2@localhost", "starts with redis://"),
        ("rediss://localhost?ssl_cert_reqs=CERT_NONE", "none, optional or required"),
        ("redis://localhost?wishes=3", "no option 'wishes'"),
        ("unix:///tmp/no.sock?wishes=3", "no option 'wishes'"),
        ("redis://localhost?socket_timeout=abc", "'socket_timeout'"),
    ],
)
def test_an_address_that_is_none_is_told_with_its_cure(
    terminal: Terminal, url: str, says: str
) -> None:
    terminal.env["REDIS_URL"] = url
    for words in (("status",), ("think", "hello"), ("doctor",)):
        said = terminal.json(*words, code=78)["error"]
        assert said.startswith("redis.url: ") and says in said and "\n" not in said
        assert "hunter2" not in said and "ter2" not in said
        for_people = terminal.call(*words)
        assert for_people.returncode == 78
        assert says in for_people.stderr and "Traceback" not in for_people.stderr


@pytest.mark.parametrize(
    ("line", "env", "says"),
    [
        ("[redis]\nur = 1", {}, "redis.ur: is unknown; did you mean redis.url?"),
        ("[strems]", {}, "strems: is unknown; did you mean streams?"),
        (
            "",
            {"REDIS__PATIENCE": "1"},
            "redis.patience: is unknown; did you mean redis.patience_s?",
        ),
        (
            "",
            {"STREAM__BATCH": "1"},
            "_STREAM__BATCH: is unknown; did you mean THOUGHTSTREAM_STREAMS",
        ),
    ],
)
def test_a_setting_that_there_is_not_says_which_may_have_been_meant(
    terminal: Terminal, line: str, env: dict[str, str], says: str
) -> None:
    terminal.home.mkdir()
    (terminal.home / "thoughtstream.toml").write_text(line)
    terminal.env |= {f"THOUGHTSTREAM_{name}": value for name, value in env.items()}
    assert says in terminal.json("status", code=78)["error"]


def test_a_database_that_the_server_has_not_is_told(
    terminal: Terminal, server: RedisServer
) -> None:
    terminal.env["REDIS_URL"] = f"{server.url.split('?')[0]}?db=99"
    assert "no database of this number" in terminal.json("status", code=78)["error"]


def test_a_page_begins_at_an_entry(terminal: Terminal) -> None:
    assert "--before abc" in terminal.json("forgotten", "--before", "abc", code=2)["error"]


def test_an_empty_home_is_the_usual_one(terminal: Terminal, tmp_path: Path) -> None:
    terminal.env |= {"THOUGHTSTREAM_HOME": "", "XDG_DATA_HOME": str(tmp_path / "data")}
    where = terminal.json("status", code=1)["redis"]["url"]
    assert where == f"unix://{tmp_path}/data/thoughtstream/redis.sock"


def test_who_has_no_home_directory_is_told_what_to_set(terminal: Terminal) -> None:
    terminal.env["THOUGHTSTREAM_HOME"] = "~no-such-user/mind"
    for command in ("status", "up"):
        said = terminal.json(command, code=78)["error"]
        assert "no home directory; set THOUGHTSTREAM_HOME" in said


def test_the_port_that_kubernetes_sets_is_understood(terminal: Terminal) -> None:
    terminal.env["REDIS_PORT"] = "tcp://127.0.0.1:1"
    assert terminal.json("status", code=1)["redis"]["url"] == f"{NOBODY}/0"
    terminal.env["REDIS_HOST"] = "localhost"
    assert terminal.json("status", code=1)["redis"]["url"] == "redis://localhost:1/0"


@pytest.mark.parametrize("port", ["tcp://10.0.0.1:6379", "six"])
def test_a_port_does_not_matter_where_a_url_is_set(terminal: Terminal, port: str) -> None:
    terminal.env |= {"REDIS_PORT": port, "THOUGHTSTREAM_REDIS__URL": NOBODY}
    assert terminal.json("status", code=1)["redis"]["url"] == NOBODY


def test_nor_does_that_of_kubernetes_where_a_file_names_one(terminal: Terminal) -> None:
    terminal.home.mkdir()
    (terminal.home / "thoughtstream.toml").write_text(f'[redis]\nurl = "{NOBODY}"\n')
    terminal.env["REDIS_PORT"] = "tcp://10.0.0.1:6379"
    assert terminal.json("status", code=1)["redis"]["url"] == NOBODY


def test_a_long_tmpdir_does_not_matter(terminal: Terminal, tmp_path: Path) -> None:
    long = tmp_path / ("x" * 117)
    long.mkdir()
    terminal.env["TMPDIR"] = str(long)
    assert terminal.up()["service"]["alive"]


def test_a_home_behind_a_symbolic_link_is_the_same_home(terminal: Terminal, tmp_path: Path) -> None:
    terminal.up()
    redis = terminal.pid_of("redis")
    terminal.kill("service")
    link = tmp_path / "link"
    link.symlink_to(terminal.home)
    linked = Terminal(link)
    assert linked.up()["service"]["alive"]
    assert linked.pid_of("redis") == redis


@pytest.mark.slow
def test_up_in_the_background_says_what_it_waits_for_and_leaves_nothing(
    terminal: Terminal,
) -> None:
    terminal.env |= {
        "REDIS_URL": NOBODY,
        "THOUGHTSTREAM_REDIS__TIMEOUT_S": "1",
        "THOUGHTSTREAM_REDIS__PATIENCE_S": "2",
    }
    done = terminal.run("up", "--detach", "--json")
    assert done.returncode == 1
    assert "waiting: Redis does not answer" in done.stderr
    assert "127.0.0.1:1" in json.loads(done.stdout)["error"]
    assert terminal.json("down") == {"service": False, "redis": False}


def test_a_setting_that_is_gone_is_told_and_does_no_harm() -> None:
    given = {"sleep_similarity": 0.9, "trigger_limit": 2}
    with pytest.warns(UserWarning, match=r"^memory\.sleep_similarity: has no effect any more"):
        assert MemoryConfig.model_validate(given).trigger_limit == 2


ALSO = {
    "reserve": ["1", "--by", "1"], "export": ["out"], "intervene": ["1", "1", "veto"],
    "evolve": ["--on", "1"], "found": ["1", "--mean", "1", "--deviation", "1"],
    "choose": ["1", "1", "1", "--world", "1"],
}  # fmt: skip
"""What a command is given that can do without, or takes only some words."""


def every_command() -> Iterator[list[str]]:
    """All of them, each with what it can't do without: a file is called 1."""
    for name, command in get_command(app).commands.items():  # type: ignore[attr-defined]
        for own, one in getattr(command, "commands", {"": command}).items():
            needed = [parameter for parameter in one.params if parameter.required]
            yield [name, *([own] if own else []), *ALSO.get(own or name, ["1"] * len(needed))]


@pytest.mark.parametrize("words", [*every_command()], ids=" ".join)
def test_wrong_settings_end_every_command_alike(
    terminal: Terminal, words: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("1").touch()
    terminal.env["THOUGHTSTREAM_STREAMS__FORGET_THRESHOLD"] = "half"
    done = terminal.call(*words)
    assert "streams.forget_threshold: " in done.stderr, done.stdout
    assert done.returncode == 78


@pytest.mark.parametrize("name", ["THOUGHTSTREAM_REDIS", "THOUGHTSTREAM_BUDGETS"])
def test_a_variable_that_is_no_json_is_named(terminal: Terminal, name: str) -> None:
    terminal.env[name] = '{"url": "hunter2'
    said = terminal.json("status", code=78)["error"]
    assert said.startswith(f"{name}: is no JSON (") and f"{name}__NAME=VALUE" in said
    assert "hunter2" not in said and "toml" not in said


def test_a_file_that_is_no_toml_is_named(terminal: Terminal) -> None:
    terminal.home.mkdir()
    file = terminal.home / "thoughtstream.toml"
    file.write_text("[redis")
    assert terminal.json("status", code=78)["error"].startswith(f"{file}: Expected")
