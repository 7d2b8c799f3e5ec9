"""What is wrong with data that was given, in words: settings, thoughts, arguments of tools."""

from collections.abc import Iterator, Sequence
from difflib import get_close_matches
from typing import Any, get_args

from pydantic import BaseModel, ValidationError

from thoughtstream.discretion import shown, without_secrets

_UNKNOWN = "extra_forbidden"
_FEW = 12


def explain(error: ValidationError, model: type[BaseModel] | None = None) -> str:
    """A validation error, perhaps of a model, as lines of `path.of.field: what is wrong`."""
    lines = []
    for item in error.errors(include_url=False):
        path = ".".join(str(part) for part in item["loc"])
        message = item["msg"].removeprefix("Value error, ")
        if item["type"] == _UNKNOWN:
            message = _not_known(item["loc"], model)
        value = item["input"]
        value = shown(value) if isinstance(value, str) else value
        given = f" (given: {value!r:.80})" if _may_be_shown(path, item) else ""
        lines.append(f"{path}: {message}{given}" if path else message)
    return without_secrets("\n".join(lines))


def meant(name: str, known: Sequence[str], before: str = "", after: str = "") -> str:
    """What may have been meant by an unknown name; `before`, `after`: what is written around it."""
    if nearest := get_close_matches(name, known, n=1):
        return f"is unknown; did you mean {before}{nearest[0]}{after}?"
    few = f"; there are {', '.join(sorted(known))}" if 0 < len(known) <= _FEW else ""
    return f"is unknown{few}"


def _not_known(where: Sequence[int | str], model: type[BaseModel] | None) -> str:
    *section, name = where
    models = [model] if model else []
    for part in section:  # a part may also be a place in a list, or which of several types it is
        found = [one.model_fields[str(part)] for one in models if str(part) in one.model_fields]
        models = [m for field in found for m in _models_in(field.annotation)] or models
    known = [name for one in models for name in one.model_fields]
    return meant(str(name), known, "".join(f"{part}." for part in section))


def _models_in(annotation: Any) -> Iterator[type[BaseModel]]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield annotation
    for inner in get_args(annotation):
        yield from _models_in(inner)


def _may_be_shown(path: str, item: Any) -> bool:
    """Not what may be a password: also under a name that is misspelt, or in a whole section."""
    is_one_value = isinstance(item["input"], str | int | float | None)
    return bool(path) and is_one_value and "pass" not in path and item["type"] != _UNKNOWN
