"""`--inventory`, and the fixtures `target` and `host` for every host in it."""

import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
import testinfra.host

from .deployed_host import DeployedHost, ServerHost, stack_of
from .target import Target, read

FIRST, LAST = "first", "last"
_TARGETS: pytest.StashKey[list[Target]] = pytest.StashKey()


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--inventory", metavar="FILE", help="pyinfra inventory whose hosts are to be verified"
    )


def pytest_sessionstart(session: pytest.Session) -> None:
    _targets(session.config)  # a wrong inventory is one line, before anything is collected


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    if "target" in metafunc.fixturenames:
        targets = _targets(metafunc.config)
        metafunc.parametrize("target", targets, ids=lambda target: target.name, scope="session")


def _targets(config: pytest.Config) -> list[Target]:
    if _TARGETS not in config.stash:
        inventory = config.getoption("--inventory")
        if not inventory:
            raise pytest.UsageError("tests/hosts verifies hosts: name them with --inventory FILE")
        try:
            config.stash[_TARGETS] = read(inventory)
        except ValueError as error:
            raise pytest.UsageError(str(error)) from None
    return config.stash[_TARGETS]


@pytest.fixture(scope="session")
def control() -> Iterator[Path]:
    """Where SSH keeps its shared connections: a short path, as a socket's has to be."""
    with tempfile.TemporaryDirectory(prefix="verify-") as folder:
        yield Path(folder)


@pytest.fixture(scope="session")
def host(target: Target, control: Path) -> testinfra.host.Host:
    """testinfra's view of the target."""
    return target.testinfra(control=control)


@pytest.fixture(scope="session")
def all_targets(pytestconfig: pytest.Config) -> list[Target]:
    """All hosts of the inventory: those of a cluster are verified together."""
    return _targets(pytestconfig)


@pytest.fixture(scope="session")
def deployed_host(
    target: Target, host: testinfra.host.Host, all_targets: list[Target]
) -> DeployedHost:
    """The target, as the verification asks it."""
    return DeployedHost(target, host, all_targets)


@pytest.fixture(scope="session")
def server(target: Target, host: testinfra.host.Host, all_targets: list[Target]) -> ServerHost:
    """The target, if it has a Redis server of its own; see `pytest_collection_modifyitems`."""
    return ServerHost(target, host, all_targets)


@pytest.fixture(scope="session")
def secured(server: ServerHost) -> ServerHost:
    """The same, if its Redis servers speak TLS."""
    return server


@pytest.fixture(scope="session")
def node(server: ServerHost) -> ServerHost:
    """The same, if its Redis servers are nodes of a cluster."""
    return server


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line(
        "markers", f"{FIRST}: of its host's tests, as it begins what takes time"
    )
    config.addinivalue_line("markers", f"{LAST}: of its host's tests, when that has happened")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Tests of servers don't run for a mind in somebody's home, nor tests of nodes for a server
    without a cluster, nor those of TLS, of a web process or of Prometheus where none is wanted.
    """
    items.sort(key=lambda item: (_host_of(item), _turn(item)))
    embedded = [item for item in items if isinstance(item, pytest.Function) and _skips(item)]
    if embedded:
        config.hook.pytest_deselected(items=embedded)
        items[:] = [item for item in items if item not in embedded]


def _host_of(item: pytest.Item) -> str:
    """All tests of a host come together: what they share is made once."""
    callspec = getattr(item, "callspec", None)
    return callspec.params["target"].name if callspec else ""


def _turn(item: pytest.Item) -> int:
    return (item.get_closest_marker(LAST) is not None) - (
        item.get_closest_marker(FIRST) is not None
    )


def _skips(item: pytest.Function) -> bool:
    if "server" not in item.fixturenames:
        return False
    target = item.callspec.params["target"]
    if not isinstance(target, Target):
        return False
    stack = stack_of(target)
    alone = "node" in item.fixturenames and stack.cluster is None
    without_tls = "secured" in item.fixturenames and stack.tls is None
    without_web = "web" in item.fixturenames and not stack.web.enabled
    without_prometheus = "prometheus" in item.fixturenames and not stack.prometheus
    unwanted = without_tls or without_web or without_prometheus
    return stack.runtime == "embedded" or alone or unwanted
