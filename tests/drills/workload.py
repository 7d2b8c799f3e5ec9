"""A workload: clients that work while something is done to the cluster, and what they found."""

import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

from tests.drills.clients import Client, wait_for_more, working
from tests.drills.endpoint import Endpoint
from tests.drills.outcome import Outcome, judge
from tests.drills.writers import anchor, think, use_minds, write_keys

MINDS = 4
_KEY_WRITERS = 2
_KEYS_PER_SECOND = 50.0
_MIND_PER_SECOND = 5.0
_BEFORE = 20
_AFTER = 20


def clients(name: str, endpoint: Endpoint, folder: Path, *, anchors: bool) -> list[Client]:
    """The clients of one operation: on keys, on minds that only it uses, and who anchor."""
    slug = name.replace(" ", "-")
    minds = tuple(f"{slug}-{n}" for n in range(MINDS))
    keys = partial(write_keys, endpoint, _KEYS_PER_SECOND)
    use = partial(use_minds, endpoint, _MIND_PER_SECOND, minds)
    found = [Client(f"{slug}-{n}-keys", "keys", folder, keys) for n in range(_KEY_WRITERS)]
    found.append(Client(f"{slug}-thoughts", "thoughts", folder, partial(use, think), minds))
    if anchors:
        found.append(Client(f"{slug}-anchors", "anchors", folder, partial(use, anchor), minds))
    return found


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
        wait_for_more(started, _BEFORE)
        took = _timed(operate)
        wait_for_more(started, _AFTER)
    return judge(operation, took, everybody, endpoint, folder, planned=planned)


def after_load(
    operation: str, operate: Callable[[], object], endpoint: Endpoint, folder: Path
) -> Outcome:
    """Does it when clients have worked, who may lose nothing, and looks at everything."""
    everybody = clients(operation, endpoint, folder, anchors=True)
    with working(everybody) as started:
        wait_for_more(started, _BEFORE + _AFTER)
    took = _timed(operate)
    return judge(operation, took, everybody, endpoint, folder, planned=True)


def _timed(operate: Callable[[], object]) -> float:
    began = time.monotonic()
    operate()
    return time.monotonic() - began
