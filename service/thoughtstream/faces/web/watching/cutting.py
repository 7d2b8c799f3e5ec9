"""Records whose texts are cut: what leaves four times a second can't be as long as a thought."""

from typing import Any


def cut(value: Any, most: int) -> Any:
    """A plain value without texts over `most` characters. The record (object) that had one, itself
    or in its `fields`, says so: `truncated`.
    """
    if isinstance(value, list):
        return [cut(item, most) for item in value]
    if isinstance(value, dict):
        return _cut_record(value, most)
    return value[:most] if isinstance(value, str) else value


def _cut_record(record: dict[str, Any], most: int) -> dict[str, Any]:
    shorter = {name[:most]: cut(value, most) for name, value in record.items()}
    if any(_is_long(name, most) or _is_long(value, most) for name, value in record.items()):
        shorter["truncated"] = True
    fields = shorter.get("fields")
    if isinstance(fields, dict) and fields.pop("truncated", None) is True:
        shorter["truncated"] = True
    return shorter


def _is_long(value: Any, most: int) -> bool:
    return isinstance(value, str) and len(value) > most
