"""What Lua and Python both spell out is spelled the same."""

import json
import re
from typing import Any

import pytest

from thoughtstream.attention import attention, models
from thoughtstream.attention.models import NewThought
from thoughtstream.config import StreamConfig
from thoughtstream.errors import InvalidThought
from thoughtstream.keys import MEMORY_KINDS
from thoughtstream.tracing.traces import FIELD

LUA = attention.LIBRARY.code
OF_LUA_ALONE = {"text", "bar", "scale", "last"}
"""What it keeps with the configuration that it was given."""


def table(name: str) -> str:
    """What stands in a table of the Lua code."""
    found = re.search(rf"^local {name} = \{{(.*?)\}}$", LUA, re.DOTALL | re.MULTILINE)
    assert found, f"there is no table {name}"
    return found[1]


def names(name: str) -> list[str]:
    """The names in a table, in order."""
    return re.findall(r"(\w+) =", table(name))


def test_the_fields_that_the_engine_writes() -> None:
    assert set(names("ENGINE_FIELDS")) == models.ENGINE_FIELDS


def test_the_field_of_a_trace() -> None:
    assert f"local CONTEXT = '{FIELD}'\n" in LUA


def test_the_kinds_of_memory() -> None:
    assert set(names("KINDS")) == set(MEMORY_KINDS)


def test_what_a_number_may_be() -> None:
    ranges = re.findall(r"'(\w+)', (-?\d+), (-?\d+)", table("RANGES"))
    floats = {
        name for name, field in NewThought.model_fields.items() if "float" in str(field.annotation)
    }
    assert {name for name, _, _ in ranges} == floats
    for name, low, high in ranges:
        for fine in (low, high):
            NewThought.of("-", **{name: float(fine)})
        for wrong in (float(low) - 0.001, float(high) + 0.001):
            with pytest.raises(InvalidThought):
                NewThought.of("-", **{name: wrong})


def test_the_keys_of_a_cycle_in_their_order() -> None:
    families = (*attention._FIXED, *attention._MEMORY)
    assert names("KEY") == [family.name for family in families]
    assert f"FIRST_WINDOW = {len(families) + 1}\n" in LUA


def test_the_configuration() -> None:
    sent: dict[str, Any] = json.loads(attention._as_json(StreamConfig()))
    read = set(re.findall(r"\b(?:cfg|config)\.(\w+)", LUA))
    assert read - OF_LUA_ALONE == set(sent)
