"""The service attends a thought, end to end: from a window to what is recalled."""

import uuid
from collections.abc import Iterator

import pytest
from redis import Redis

from deploy.runtimes.docker import Docker
from deploy.runtimes.native import Native
from tests.servers import wait_until
from thoughtstream import keys

from .deployed_host import DeployedHost

WORD = "kettle"
THOUGHT = f"the verification looks at a blue {WORD}"
ONCE_ATTENDED_S = 60
"""A thought is attended at once and becomes memory 5 s later; a busy host takes its time."""


@pytest.fixture(scope="session")
def mind(deployed_host: DeployedHost) -> Iterator[str]:
    """A mind of our own with one thought, forgotten afterwards: the host's other minds see nothing
    of it.
    """
    name = f"verification-{uuid.uuid4().hex[:8]}"
    deployed_host.thoughtstream("think", THOUGHT, "--salience", "0.9", "--mind", name)
    yield name
    memories = deployed_host.thoughtstream("recall", WORD, "--mind", name)["memories"]
    _unlink(deployed_host, _keys_of(name, [memory["id"] for memory in memories]))


def _keys_of(mind: str, memories: list[str]) -> list[str]:
    """The keys of a mind that has the standard windows and these memories; others expire."""
    once = [family for family in keys.FAMILIES if family.pattern.count("<") == 1]
    return [
        *(family.key(mind=mind) for family in once if "<mind>" in family.pattern),
        *(keys.WINDOW.key(mind=mind, window=window) for window in keys.STANDARD_WINDOWS),
        *(keys.ITEM.key(mind=mind, id=memory) for memory in memories),
        *(keys.TIMELINE.key(mind=mind, kind=kind) for kind in keys.MEMORIES),
        *(keys.VECTORS.key(mind=mind, kind=kind) for kind in keys.MEMORIES),
        *(keys.REWRITTEN.key(mind=mind, stream=kind) for kind in keys.MEMORIES),
    ]


def _unlink(deployed_host: DeployedHost, names: list[str]) -> None:
    """All have one slot; of a cluster, another host's node may serve it."""
    if isinstance(deployed_host.runtime, Native | Docker):
        deployed_host.sh(deployed_host.runtime.cli("-c", "unlink", *names))
        return
    with Redis.from_url(deployed_host.thoughtstream("status")["redis"]["url"]) as redis:
        redis.unlink(*names)


@pytest.mark.first
def test_a_thought_is_taken(deployed_host: DeployedHost, mind: str) -> None:
    assert deployed_host.thoughtstream("audit", "--mind", mind)["balanced"]


@pytest.mark.last
def test_a_thought_is_attended_and_recalled(deployed_host: DeployedHost, mind: str) -> None:
    def remembered() -> bool:
        found = deployed_host.thoughtstream("recall", WORD, "--mind", mind)["memories"]
        return [memory["content"] for memory in found] == [THOUGHT]

    wait_until(remembered, "the thought is recalled", most_s=ONCE_ATTENDED_S, step_s=0.5)
    audit = deployed_host.thoughtstream("audit", "--mind", mind)
    assert audit["balanced"]
    assert (audit["adopted"], audit["attended"], audit["anchored"]) == (1, 1, 1)


def test_doctor_finds_nothing_wrong(deployed_host: DeployedHost) -> None:
    findings = deployed_host.thoughtstream("doctor")["findings"]

    assert [finding for finding in findings if finding["state"] == "bad"] == []
