"""What the web process measures of itself."""

from thoughtstream.measuring.metric import counter, gauge, histogram

_ANSWERS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)

REQUESTS = counter(
    "http_requests_total", "Requests, by the route's template.", route=(), method=(), status=()
)
REQUEST = histogram(
    "http_request_seconds", "Until a request's last byte; of an event stream, its first.", _ANSWERS,
    route=(), method=(), status=(),
)  # fmt: skip
WATCHERS = gauge("watchers", "Event streams that are open.")
WATCHER_DROPPED = counter("watcher_dropped_total", "Events that a watcher was too slow for.")
WATCHER_CLOSED = counter(
    "watcher_closed_total", "Event streams that ended.", reason=("left", "slow", "full", "stopped")
)
MCP_CALLS = counter("mcp_calls_total", "Calls of tools.", tool=(), outcome=("done", "failed"))
MCP_CALL = histogram("mcp_seconds", "Until a tool's answer.", _ANSWERS, tool=())

WEB = (REQUESTS, REQUEST, WATCHERS, WATCHER_DROPPED, WATCHER_CLOSED, MCP_CALLS, MCP_CALL)
