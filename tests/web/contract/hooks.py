"""What schemathesis loads: nobody has to wait for what it asks."""

import json
from typing import Any

import schemathesis

_PATIENCE_S = 0.01


@schemathesis.hook
def before_call(context: Any, case: Any, kwargs: Any) -> None:
    """A wait that is allowed is short, wherever a request says it."""
    for part in (case.query, case.body):
        if isinstance(part, dict) and _is_allowed(part.get("wait_s")):
            part["wait_s"] = _PATIENCE_S


@schemathesis.serializer("application/x-ndjson")
def lines(context: schemathesis.SerializationContext, value: Any) -> bytes:
    """A text as it is; what is none would be a line of JSON."""
    text = value if isinstance(value, str) else json.dumps(value)
    return text.encode(errors="surrogatepass")


def _is_allowed(wait_s: Any) -> bool:
    return isinstance(wait_s, int | float) and not isinstance(wait_s, bool) and 0 < wait_s <= 60
