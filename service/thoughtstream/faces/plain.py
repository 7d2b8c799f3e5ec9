"""What leaves through a face, as plain JSON: for a terminal, for HTTP, for agents."""

import dataclasses
import math
from datetime import date
from typing import Any


def plain(value: Any) -> Any:
    """A value as plain JSON types: records (models, dataclasses, named tuples) become objects."""
    if hasattr(value, "model_dump"):  # to import pydantic takes longer than all else
        return plain(value.model_dump())
    if dataclasses.is_dataclass(value):
        names = [field.name for field in dataclasses.fields(value)]
        return {name: plain(getattr(value, name)) for name in names}
    if hasattr(value, "_asdict"):
        return plain(value._asdict())
    if isinstance(value, dict):
        return {str(name): plain(item) for name, item in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [plain(item) for item in value]
    if isinstance(value, float) and not math.isfinite(value):
        return None  # JSON has no NaN
    if value is None or isinstance(value, str | int | float):
        return value
    return value.isoformat() if isinstance(value, date) else str(value)
