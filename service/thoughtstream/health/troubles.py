"""The minds that pause because something is wrong in them, as services say, and the cure."""

from collections.abc import Iterable, Mapping
from typing import Any

from thoughtstream.health.checks import Finding
from thoughtstream.keys import readable

CHECK = "minds in trouble"

_MOST_NAMED = 3
_WRONG_TYPE = (
    "somebody wrote another type to a key of this mind: `key hygiene` of `thoughtstream doctor` "
    "names it; RENAME it away or DEL it, and the mind goes on by itself"
)
_OTHERWISE = (
    "something in this mind's keys was not written by Thoughtstream: `thoughtstream audit --mind "
    "NAME` looks at its sums; RENAME away what is foreign, and the mind goes on by itself"
)


def told(abouts: Iterable[Mapping[str, Any]]) -> tuple[int, list[dict[str, Any]]]:
    """How many faults services say that there are (`Faults.told`), and those that they name, each
    with its `cure`.
    """
    said = [about["faults"] for about in abouts if about.get("faults")]
    named = [fault | {"cure": cure_of(fault["error"])} for one in said for fault in one["first"]]
    return sum(one["count"] for one in said), named


def by_mind(abouts: Iterable[Mapping[str, Any]]) -> dict[str, dict[str, str]]:
    """What is wrong in each mind of which services tell: `what`, `detail`, `cure`."""
    return {
        readable(fault["mind"]): {
            "what": "fault",
            "detail": f"{fault['what']}: {fault['error']}",
            "cure": fault["cure"],
        }
        for fault in told(abouts)[1]
    }


def cure_of(error: str) -> str:
    """What to do about it."""
    return _WRONG_TYPE if "WRONGTYPE" in error else _OTHERWISE


def examine_minds(abouts: Iterable[Mapping[str, Any]]) -> Finding:
    """What `doctor` says of them."""
    count, named = told(abouts)
    if not count:
        return Finding(CHECK, "fine", "none")
    first = named[:_MOST_NAMED]
    said = "; ".join(f"{one['mind']}: {one['what']}: {one['error']}" for one in first)
    more = f"; and {count - len(first)} more" if count > len(first) else ""
    cures = dict.fromkeys(one["cure"] for one in first)
    return Finding(CHECK, "bad", f"{count}: {said}{more}", "; ".join(cures))
