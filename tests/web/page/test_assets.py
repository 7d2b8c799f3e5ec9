"""The page's files: what a browser is told of them, and that a wheel has them."""

import re
import subprocess
from collections.abc import Iterator
from pathlib import Path
from zipfile import ZipFile

import pytest
from starlette.applications import Starlette
from starlette.testclient import TestClient

from thoughtstream.faces.web import page
from thoughtstream.faces.web.page import assets

FOLDER = Path(page.__file__).parent


@pytest.fixture
def client() -> Iterator[TestClient]:
    with TestClient(Starlette(routes=assets.routes())) as client:
        yield client


def _addresses(index: str) -> list[str]:
    return re.findall(r'(?:href|src)="(/assets/[^"]+)"', index)


def test_the_index_is_asked_for_anew_and_may_do_nothing_foreign(client: TestClient) -> None:
    index = client.get("/")
    assert index.headers["cache-control"] == "no-store"
    policy = index.headers["content-security-policy"]
    assert policy.startswith("default-src 'none'; script-src 'self'; style-src 'self'")
    assert "frame-ancestors 'none'" in policy
    assert "form-action 'none'" in policy
    assert "require-trusted-types-for 'script'" in policy
    assert "unsafe" not in policy
    assert index.headers["x-content-type-options"] == "nosniff"
    assert index.headers["referrer-policy"] == "no-referrer"
    assert index.headers["cross-origin-opener-policy"] == "same-origin"


def test_all_it_names_is_there_and_kept_for_ever(client: TestClient) -> None:
    index = client.get("/")
    named = _addresses(index.text) + re.findall(
        r"<([^>]+)>; rel=modulepreload", index.headers["link"]
    )
    assert len(named) > 20
    for address in named:
        answer = client.get(address)
        assert answer.status_code == 200, address
        assert "immutable" in answer.headers["cache-control"]
        assert "require-trusted-types-for" in answer.headers["content-security-policy"]


def test_every_module_that_a_module_imports_is_there(client: TestClient) -> None:
    for module in FOLDER.rglob("*.js"):
        for other in re.findall(r" from '([^']+)'", module.read_text()):
            assert (module.parent / other).is_file(), f"{module.name} imports {other}"


def test_an_older_address_is_answered_and_not_kept(client: TestClient) -> None:
    answer = client.get("/assets/0000000000000000/page.css")
    assert (answer.status_code, answer.headers["cache-control"]) == (200, "no-store")
    assert answer.headers["content-type"].startswith("text/css")


@pytest.mark.parametrize(
    "path", ["../assets.py", "assets.py", "%2e%2e/assets.py", "index.html", "x.js"]
)
def test_nothing_else_is_served(client: TestClient, path: str) -> None:
    assert client.get(f"/assets/0/{path}").status_code == 404


def test_nothing_makes_markup_of_text() -> None:
    sinks = re.compile(r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|\beval\(|style=")
    sources = [*FOLDER.rglob("*.js"), FOLDER / "index.html"]
    assert not [source.name for source in sources if sinks.search(source.read_text())]


def test_nothing_is_loaded_from_elsewhere() -> None:
    allowed = ("http://www.w3.org/2000/svg",)
    for source in FOLDER.rglob("*.*"):
        if source.suffix in (".js", ".html", ".css", ".svg"):
            text = source.read_text()
            for address in allowed:
                text = text.replace(address, "")
            assert "//" not in re.sub(r"(?m)^\s*//.*$| // .*$", "", text), source.name


@pytest.mark.slow
def test_a_wheel_has_every_file(tmp_path: Path) -> None:
    root = Path(__file__).parents[3]
    command = ["uv", "build", "--quiet", "--wheel", "--out-dir", str(tmp_path), str(root)]
    subprocess.run(command, check=True, stdin=subprocess.DEVNULL)
    [wheel] = tmp_path.glob("*.whl")
    packed = {name.partition("faces/web/page/")[2] for name in ZipFile(wheel).namelist()}
    ours = {path.relative_to(FOLDER).as_posix() for path in FOLDER.rglob("*.*")}
    served = {name for name in ours if name.endswith((".js", ".css", ".svg", ".html"))}
    assert served <= packed
