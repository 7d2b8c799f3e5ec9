"""A workload: clients that work while something is done to the cluster, and what they found."""

import time
from collections.abc import Callable
from pathlib import Path

from tests.drills.clients import Client, Clients, Endpoint, Kind, working
from tests.drills.outcome import Outcome, judge
from tests.drills.records import Record
from tests.servers import wait_until

MINDS = 4
_KEY_WRITERS = 2
_KEYS_PER_SECOND = 50.0
_MIND_PER_SECOND = 5.0
_BEFORE = 20
_AFTER = 20
_MOST_S = 900


def clients(name: str, endpoint: Endpoint, folder: Path, *, anchors: bool) -> tuple[Client, ...]:
    """The clients of one operation: on keys, on minds that only it uses, and who anchor."""
    slug = name.replace(" ", "-")
    minds = tuple(f"{slug}-{n}" for n in range(MINDS))
    kinds: list[tuple[Kind, float]] = [("keys", _KEYS_PER_SECOND)] * _KEY_WRITERS
    kinds.append(("thoughts", _MIND_PER_SECOND))
    if anchors:
        kinds.append(("anchors", _MIND_PER_SECOND))
    return tuple(
        Client(
            name=f"{slug}-{number}-{kind}",
            kind=kind,
            endpoint=endpoint,
            folder=folder,
            per_second=rate,
            most_s=_MOST_S,
            minds=() if kind == "keys" else minds,
        )
        for number, (kind, rate) in enumerate(kinds)
    )


def under_load(
    operation: str,
    operate: Callable[[], object],
    endpoint: Endpoint,
    folder: Path,
    *,
    planned: bool,
) -> Outcome:
    """Does it while clients work, from before it until after it, and looks at everything."""
    everybody = clients(operation, endpoint, folder, anchors=not planned)
    with working(everybody) as started:
        _wait_for(started, _BEFORE)
        took = _timed(operate)
        _wait_for(started, _AFTER)
    records = [Record.of(client) for client in everybody]
    return judge(operation, took, records, endpoint, folder, planned=planned)


def after_load(
    operation: str, operate: Callable[[], object], endpoint: Endpoint, folder: Path
) -> Outcome:
    """Does it when clients have worked, who may lose nothing, and looks at everything."""
    everybody = clients(operation, endpoint, folder, anchors=True)
    with working(everybody) as started:
        _wait_for(started, _BEFORE + _AFTER)
    took = _timed(operate)
    records = [Record.of(client) for client in everybody]
    return judge(operation, took, records, endpoint, folder, planned=True)


def _timed(operate: Callable[[], object]) -> float:
    began = time.monotonic()
    operate()
    return time.monotonic() - began


def _wait_for(clients: Clients, more: int) -> None:
    """Until each client has had so many more writes acknowledged."""
    before = clients.counts()

    def all_have() -> bool:
        if not clients.running():
            raise RuntimeError("a client ended by itself; its log and its error say why")
        now = clients.counts()
        return all(n >= b + more for n, b in zip(now, before, strict=True))

    try:
        wait_until(all_have, "every client's writes are acknowledged", most_s=180, step_s=0.05)
    except TimeoutError as error:
        errors = [f"{c.name}: {Record.of(c).errors[-3:]}" for c in clients.clients]
        raise TimeoutError("\n".join([f"{error}: {before} {clients.counts()}", *errors])) from None
