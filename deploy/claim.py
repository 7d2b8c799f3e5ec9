"""Whose a host is: a file there says which inventory deploys to it, and where its mind is. Another
would start an empty mind beside it. Pure.
"""

import json
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass

_ROAD = "deploy/README.md#to-move-a-mind says how to move it"


@dataclass(frozen=True)
class Claim:
    """`inventory`: the name of its file; `stack`: `server` or `cluster`; `port`: of Redis, or of
    the first node; `data`: where Redis's is. Of a host that nobody has claimed yet, `inventory` and
    `data` are empty: nobody knows.
    """

    runtime: str
    stack: str
    port: int
    inventory: str = ""
    data: str = ""

    @classmethod
    def parse(cls, text: str) -> "Claim | None":
        """Reads the file; None if it isn't one of ours."""
        try:
            return cls(**json.loads(text))
        except (ValueError, TypeError):
            return None

    def to_json(self) -> str:
        """The content of the file."""
        return json.dumps(asdict(self)) + "\n"


def others(wanted: Claim, found: Sequence[Claim], path: str) -> Iterator[str]:
    """Why a host is another's, each with its cure, by what was `found` on it; `path`: of the file.
    What nobody knows is no reason.
    """
    lines = [list(_differences(wanted, claim, path)) for claim in found]
    yield from [] if [] in lines else next(iter(lines), [])


def others_to_remove(wanted: Claim, found: Sequence[Claim], path: str) -> Iterator[str]:
    """The same for who takes away whatever a runtime has there."""
    by_runtime = [Claim(c.runtime, wanted.stack, wanted.port, c.inventory) for c in found]
    yield from others(wanted, by_runtime, path)


def _differences(wanted: Claim, found: Claim, path: str) -> Iterator[str]:
    if found.inventory and wanted.inventory and found.inventory != wanted.inventory:
        yield (
            f"inventory: is {wanted.inventory}, and this host belongs to {found.inventory}; run "
            f"that one, or, if this one takes its place, remove {path} on the host"
        )
    if found.runtime != wanted.runtime:
        yield (
            f"runtime: is {wanted.runtime!r}, and this host's mind is in {found.runtime!r}; "
            f"an empty one would start beside it; {_ROAD}"
        )
    if found.stack != wanted.stack:
        given = "is not given" if wanted.stack == "server" else "is given"
        has = "nodes of a cluster" if found.stack == "cluster" else "a server with a mind"
        yield f"cluster: {given}, and this host has {has}; an empty one would start; {_ROAD}"
    if (found.runtime, found.stack) == (wanted.runtime, wanted.stack):
        setting = "cluster.port" if wanted.stack == "cluster" else "redis.port"
        if found.port != wanted.port:
            yield f"{setting}: is {wanted.port}, and this host's mind is on {found.port}; {_ROAD}"
        if found.data and found.data != wanted.data:
            yield f"this host's mind is in {found.data}, and not in {wanted.data}; {_ROAD}"
