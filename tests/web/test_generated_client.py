"""A client that is made from `/openapi.json`, by a tool that knows nothing of us, works."""

import sys
from collections.abc import Iterator
from http import HTTPStatus
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest
from openapi_python_client import generate
from openapi_python_client.config import Config, ConfigFile, MetaType

from tests.web.served import Web, serving
from thoughtstream.config import Settings

pytestmark = pytest.mark.slow

_PACKAGE = "made_client"
_CHOSEN = ConfigFile(
    content_type_overrides={"application/x-ndjson": "application/octet-stream"},
    post_hooks=[],
)


@pytest.fixture
def web(settings: Settings) -> Iterator[Web]:
    with serving(settings) as web:
        yield web


@pytest.fixture
def made(web: Web, tmp_path: Path) -> Iterator[Path]:
    """The client's package, which can be imported meanwhile."""
    described = tmp_path / "openapi.json"
    described.write_bytes(web.ask("GET", "/openapi.json", token="").raw)
    package = tmp_path / _PACKAGE
    config = Config.from_sources(_CHOSEN, MetaType.NONE, described, "utf-8", False, package)
    wrong = [f"{error.header}: {error.detail}" for error in generate(config=config)]
    assert wrong == []
    sys.path.insert(0, str(tmp_path))
    yield package
    sys.path.remove(str(tmp_path))
    for name in [name for name in sys.modules if name.partition(".")[0] == _PACKAGE]:
        del sys.modules[name]


def _operation(path: str) -> Any:
    return import_module(f"{_PACKAGE}.api.{path}").sync_detailed


def _model(name: str) -> Any:
    return getattr(import_module(f"{_PACKAGE}.models"), name)


def _client(web: Web, token: str) -> Any:
    client = import_module(f"{_PACKAGE}.client").AuthenticatedClient
    return client(base_url=web.url, token=token)


def test_a_client_that_is_made_thinks_and_recalls(web: Web, made: Path) -> None:
    with _client(web, web.token) as ours:
        thought = _model("Thought")(content="the kettle is on", salience=0.9)
        thinking = _operation("thoughts.think")(client=ours, mind="ana", body=thought)
        assert (thinking.status_code, type(thinking.parsed).__name__) == (201, "Made")

        memory = _model("NewMemory")(content="tea needs four minutes")
        anchored = _operation("memories.anchor")(client=ours, mind="ben", body=memory).parsed
        [mind] = _operation("minds.minds")(client=ours, q="BE").parsed.items
        assert (type(mind).__name__, mind.name) == ("Tile", "ben")

        [found] = _operation("memories.memories")(client=ours, mind="ben", q="tea").parsed.items
        assert (type(found).__name__, found.id) == ("Recalled", anchored.id)


def test_a_refusal_is_an_error_of_its_own_type(web: Web, made: Path) -> None:
    with _client(web, "ts_no") as foreign:
        refused = _operation("minds.minds")(client=foreign)
    assert refused.status_code == HTTPStatus.UNAUTHORIZED
    assert isinstance(refused.parsed, _model("Problem"))
    assert refused.parsed.type_ == "/problems/unauthorized"


def test_a_clients_operations_have_the_names_of_ours(made: Path) -> None:
    names = {path.stem for path in (made / "api").glob("*/*.py")}
    assert {"think", "feed", "memories", "anchor", "export", "import_", "submit", "hold"} <= names
    models = {path.stem for path in (made / "models").glob("*.py")}
    assert {"thought", "memory", "recalled", "problem", "tile", "task_state"} <= models
