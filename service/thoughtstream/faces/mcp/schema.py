"""JSON schemas of arguments and answers, as small as can be: each agent pays for every word."""

from typing import Any

from pydantic import BaseModel

_NOISE = frozenset({"title", "additionalProperties"})
_NOISE_IN_ANSWERS = _NOISE | {"default", "required"}


def of_arguments(model: type[BaseModel]) -> dict[str, Any]:
    """The schema of a tool's arguments."""
    return _small(model, is_answer=False)


def of_answer(model: type[BaseModel]) -> dict[str, Any]:
    """The schema of a tool's answer; what it says of single values, their names say already."""
    return _small(model, is_answer=True)


def _small(model: type[BaseModel], *, is_answer: bool) -> dict[str, Any]:
    schema = model.model_json_schema(by_alias=False)
    parts = schema.pop("$defs", {})
    found = _reduced(schema, parts, _NOISE_IN_ANSWERS if is_answer else _NOISE)
    found.pop("description", None)
    return found


def _reduced(
    schema: dict[str, Any], parts: dict[str, Any], noise: frozenset[str]
) -> dict[str, Any]:
    """A schema without noise, without references, and without saying that null is allowed."""
    if schema.get("$ref"):
        part = parts[schema["$ref"].rpartition("/")[2]]
        return _reduced({**part, "description": None, **schema, "$ref": None}, parts, noise)
    options = [option for option in schema.get("anyOf") or () if option.get("type") != "null"]
    if len(options) == 1:
        return _reduced({**options[0], **schema, "anyOf": None}, parts, noise)
    found = {name: value for name, value in schema.items() if value is not None}
    if "properties" in found:
        inner = found["properties"].items()
        found["properties"] = {name: _reduced(one, parts, noise) for name, one in inner}
    if "items" in found:
        found["items"] = _reduced(found["items"], parts, noise)
    return {name: value for name, value in found.items() if name not in noise}
