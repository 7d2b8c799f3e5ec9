"""Amounts of memory as people write them: `512mb` in an inventory, bytes inside."""

import re
from typing import Annotated

from pydantic import BeforeValidator

_UNITS = {"": 1, "b": 1, "kb": 1 << 10, "mb": 1 << 20, "gb": 1 << 30, "tb": 1 << 40}
_AMOUNT = re.compile(r"\s*(\d+(?:\.\d+)?)\s*([a-z]*)\s*", re.IGNORECASE)


def parse_bytes(amount: object) -> int:
    """Bytes of `"512mb"`, `"1.5gb"` or a whole number of bytes (units as Redis's, 1kb = 1024).

    Raises:
        ValueError: it is not an amount of memory.
    """
    if isinstance(amount, int) and not isinstance(amount, bool):
        return amount
    match = _AMOUNT.fullmatch(amount) if isinstance(amount, str) else None
    if match is None or match[2].lower() not in _UNITS:
        raise ValueError("is not an amount of memory; write it like 512mb or 2gb")
    return int(float(match[1]) * _UNITS[match[2].lower()])


def format_bytes(amount: int) -> str:
    """The amount in the largest unit that leaves a whole number (`536870912` -> `512mb`)."""
    for unit in ("tb", "gb", "mb", "kb"):
        if amount and amount % _UNITS[unit] == 0:
            return f"{amount // _UNITS[unit]}{unit}"
    return str(amount)


def about(amount: int) -> str:
    """The amount for a person to read (`2576980377` -> `2.4gb`)."""
    for unit in ("tb", "gb", "mb"):
        if amount >= _UNITS[unit]:
            return f"{amount / _UNITS[unit]:.1f}{unit}".replace(".0", "")
    return f"{amount}b"


Bytes = Annotated[int, BeforeValidator(parse_bytes)]
