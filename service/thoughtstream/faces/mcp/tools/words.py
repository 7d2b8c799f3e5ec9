"""What several tools say in the same way."""

from datetime import UTC, datetime
from typing import Annotated

from pydantic import Field

Limit = Annotated[int, Field(ge=1, le=20)]
Salience = Annotated[float, Field(ge=0, le=1)]


def moment(ms: int) -> str:
    """A time, in ms since 1970, in ISO 8601."""
    try:
        return datetime.fromtimestamp(ms / 1000, UTC).isoformat(timespec="seconds")
    except (ValueError, OverflowError, OSError):  # a producer's `at` may be any number
        return f"{ms} ms"


def rounded(number: float) -> float:
    """A score that says what it can."""
    return float(f"{number:.3g}")
