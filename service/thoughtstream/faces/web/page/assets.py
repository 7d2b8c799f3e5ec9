"""Serves the page's files: the index anew each time, everything else for ever, by its content."""

import hashlib
from collections.abc import Mapping
from functools import cache
from importlib.resources import files
from importlib.resources.abc import Traversable

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

POLICY = "; ".join(
    (
        "default-src 'none'",
        "script-src 'self'",
        "style-src 'self'",
        "img-src 'self'",
        "connect-src 'self'",
        "base-uri 'none'",
        "form-action 'none'",
        "frame-ancestors 'none'",
        "require-trusted-types-for 'script'",
        "trusted-types 'none'",
    )
)
"""What the page may do: load and ask nothing but what is ours, and never make code of text."""

_HEADERS = {
    "Content-Security-Policy": POLICY,
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
}
_TYPES = {".css": "text/css", ".js": "text/javascript", ".svg": "image/svg+xml"}
_INDEX = "index.html"
_FOR_EVER = "public, max-age=31536000, immutable"


def routes() -> list[Route]:
    """The page at `/`, and its files under an address that changes with any of them."""
    return [
        Route("/", _index),
        Route("/assets/{hash}/{path:path}", _asset),
        Route("/favicon.ico", _icon, include_in_schema=False),
    ]


async def _index(request: Request) -> Response:
    headers = _HEADERS | {"Cache-Control": "no-store", "Link": _preloads()}
    return Response(_index_page(), headers=headers, media_type="text/html")


async def _asset(request: Request) -> Response:
    """A file; of an older page that is still open somewhere, too: then nobody keeps it."""
    path = request.path_params["path"]
    content = _assets().get(path)
    if content is None:
        return Response("There is no such file.", 404, _HEADERS, "text/plain")
    is_this = request.path_params["hash"] == _version()
    headers = _HEADERS | {"Cache-Control": _FOR_EVER if is_this else "no-store"}
    return Response(content, headers=headers, media_type=_type_of(path))


async def _icon(request: Request) -> Response:
    headers = _HEADERS | {"Cache-Control": "max-age=86400"}
    return Response(_assets()["icon.svg"], headers=headers, media_type=_TYPES[".svg"])


@cache
def _assets() -> Mapping[str, bytes]:
    """All files but the index, by their path."""
    return dict(sorted(_below(files(__package__), "")))


def _below(folder: Traversable, path: str) -> list[tuple[str, bytes]]:
    found = []
    for entry in folder.iterdir():
        if entry.is_dir():
            found += _below(entry, f"{path}{entry.name}/")
        elif _type_of(entry.name):
            found.append((path + entry.name, entry.read_bytes()))
    return found


def _type_of(path: str) -> str | None:
    return _TYPES.get("." + path.rpartition(".")[2])


@cache
def _version() -> str:
    """Of all files together: modules name each other without it."""
    digest = hashlib.sha256()
    for path, content in _assets().items():
        digest.update(f"{path} {len(content)}\n".encode() + content)
    return digest.hexdigest()[:16]


@cache
def _index_page() -> bytes:
    text = (files(__package__) / _INDEX).read_text(encoding="utf-8")
    return text.replace('"/assets/', f'"/assets/{_version()}/').encode()


@cache
def _preloads() -> str:
    """All modules at once; or a browser finds them one after the other."""
    modules = [path for path in _assets() if path.endswith(".js")]
    return ", ".join(f"</assets/{_version()}/{path}>; rel=modulepreload" for path in modules)
