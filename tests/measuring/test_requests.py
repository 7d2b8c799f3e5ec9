"""HTTP requests are measured by the route's template, whatever the application."""

from types import SimpleNamespace
from typing import Any

import pytest

from thoughtstream.faces.metrics.requests import MeasuredRequests
from thoughtstream.measuring.prometheus import PrometheusMeasures
from thoughtstream.measuring.web import WEB


async def _application(scope: Any, receive: Any, send: Any) -> None:
    """Routes as Starlette does: the route is in the scope once it is found."""
    if scope["path"].startswith("/v1/minds/"):
        scope["route"] = SimpleNamespace(path="/v1/minds/{mind}")
    if scope["path"].endswith("broken"):
        raise ValueError("broken")
    status = 404 if scope.get("route") is None else 200
    await send({"type": "http.response.start", "status": status, "headers": []})
    await send({"type": "http.response.body", "body": b"well"})


async def _ask(app: Any, method: str, path: str) -> None:
    async def nothing(*_: Any) -> None:
        return None

    await app({"type": "http", "method": method, "path": path}, nothing, nothing)


async def test_routes_not_paths_are_counted() -> None:
    measures = PrometheusMeasures(WEB)
    app = MeasuredRequests(_application, measures)
    for path in ("/v1/minds/ana", "/v1/minds/ben", "/anything", "/else"):
        await _ask(app, "GET", path)
    await _ask(app, "MADE-UP", "/anything")
    with pytest.raises(ValueError, match="broken"):
        await _ask(app, "POST", "/v1/minds/broken")
    count = measures.registry.get_sample_value

    def counted(route: str, method: str, status: str) -> float | None:
        labels = {"route": route, "method": method, "status": status}
        assert count("thoughtstream_http_request_seconds_count", labels) == count(
            "thoughtstream_http_requests_total", labels
        )
        return count("thoughtstream_http_requests_total", labels)

    assert counted("/v1/minds/{mind}", "GET", "2xx") == 2
    assert counted("unknown", "GET", "4xx") == 2
    assert counted("unknown", "unknown", "4xx") == 1
    assert counted("/v1/minds/{mind}", "POST", "5xx") == 1
