"""What every answer is: JSON in valid UTF-8, whatever Redis held, that nobody keeps."""

import json
from collections.abc import Mapping
from typing import Any

from starlette.responses import Response

from thoughtstream.faces.plain import plain
from thoughtstream.keys import readable

_NOT_KEPT = {"Cache-Control": "no-store", "X-Content-Type-Options": "nosniff"}


class Answer(Response):
    """A value as JSON."""

    def __init__(
        self,
        value: Any,
        status: int = 200,
        headers: Mapping[str, str] | None = None,
        media_type: str = "application/json",
    ) -> None:
        super().__init__(encoded(value), status, _NOT_KEPT | dict(headers or {}), media_type)


def encoded(value: Any) -> bytes:
    """A value as JSON; what is no text in it is U+FFFD."""
    text = json.dumps(plain(value), ensure_ascii=False, allow_nan=False, separators=(",", ":"))
    return readable(text).encode()
