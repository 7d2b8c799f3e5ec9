"""The queue does what the reference model does, whatever producers and workers do."""

import asyncio
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    invariant,
    rule,
    run_state_machine_as_test,
)

from tests.coordination.model import Model, Task
from tests.servers import RedisServer
from thoughtstream import keys
from thoughtstream.config import QueueConfig, RedisConfig
from thoughtstream.coordination.models import Claim, NewTask, Report
from thoughtstream.coordination.queue import Queue
from thoughtstream.errors import QueueFull
from thoughtstream.store.connection import connect

NAME = "a queue: ünïcode {x}%"
CONFIG = QueueConfig(entries=12, dead_entries=2)
LEASE_MS = 30

priority = st.sampled_from([-1023, -1, 0, 0, 0, 1, 1023])
payload = st.sampled_from(["", "x", "zwei\nZeilen", '{"a": 1}', "\udcff", "日本語"])
new_task = st.tuples(
    st.sampled_from(["", "", "", "k1", "k2"]), payload, priority,
    st.sampled_from([0, 0, 0, 20]), st.integers(1, 3),
)  # fmt: skip

verb = st.sampled_from(["done", "done", "renew", "retry", "dead", "ask", "ask", "release"])
recent = st.sampled_from([0, 0, 0, 1, 1, 2, 3, 5, 8, 13])
"""Which claim, counted from the last one."""


class Life(RuleBasedStateMachine):
    """Moves made on the real server and on the model alike."""

    server: RedisServer

    def __init__(self) -> None:
        super().__init__()
        self.runner = asyncio.Runner()
        self.redis: Any = connect(RedisConfig(url=self.server.url))
        self.run(self.redis.flushall())
        self.queue = Queue(self.redis, NAME, CONFIG)
        self.model = Model(CONFIG.entries, CONFIG.bytes, CONFIG.dead_entries, LEASE_MS)
        self.held: list[Claim] = []

    def run(self, coroutine: Any) -> Any:
        return self.runner.run(coroutine)

    def teardown(self) -> None:
        self.run(self.redis.aclose())
        self.runner.close()

    def key(self, name: str) -> str:
        return next(f for f in keys.QUEUE if f.name == name).key(queue=NAME)

    def at(self) -> float:
        """The queue's time of its last change."""
        return float(self.run(self.redis.hget(self.key("ledger"), "clock")) or 0)

    @rule(new=st.lists(new_task, min_size=1, max_size=4))
    def submit(self, new: list[tuple[str, str, int, int, int]]) -> None:
        tasks = [
            NewTask(payload, priority, delay / 1000, most, key)
            for key, payload, priority, delay, most in new
        ]
        before = self.at()
        try:
            ids = self.run(self.queue.submit(*tasks))
        except QueueFull:
            ids = None
        assert ids == self.model.submit(self.at() or before, list(new))

    def round(self, reports: list[Report], want: int, worker: str = "w") -> list[str]:
        """One on the server and on the model."""
        done = self.run(self.queue.round(worker, reports, claim=want, lease_ms=LEASE_MS))
        at, lost = self.at(), []
        for report in reports:
            verb, _, delay = report.verb.partition(" ")
            said = report.claim.id, report.claim.token, verb, report.text
            if not self.model.report(at, *said, float(delay or 0)):
                lost.append(report.claim.id)
        self.model.pass_time(at)
        self.model.discard()
        claimed = self.model.claim(at, want)
        assert [(c.id, c.payload) for c in done.claims] == [(t.id, t.payload) for t in claimed]
        for claim, task in zip(done.claims, claimed, strict=True):
            assert (claim.attempt, claim.max_attempts) == (task.attempts, task.most)
            task.token = claim.token
        self.held += done.claims
        assert sorted(done.lost) == sorted(set(lost))
        return lost

    @rule(want=st.integers(0, 4))
    def claim(self, want: int) -> None:
        self.round([], want)

    @rule(pick=recent, want=st.integers(0, 2), verb=verb, again=st.booleans())
    def report(self, pick: int, want: int, verb: str, again: bool) -> None:
        """Of any task that was ever claimed; some come too late, some twice."""
        if not self.held:
            return
        claim = self.held[-1 - pick % len(self.held)]
        made = {
            "done": Report.done(claim, "42"), "renew": Report.renew(claim, "half"),
            "retry": Report.retry(claim, "oops", 0.02), "dead": Report.dead(claim, "no\nway"),
            "ask": Report.ask(claim, "which?"), "release": Report.release(claim),
        }[verb]  # fmt: skip
        self.round([made], want)
        if again:
            self.round([made], 0)

    @rule(pick=st.integers(0, 30))
    def cancel(self, pick: int) -> None:
        id_ = self.pick(pick)
        assert self.run(self.queue.cancel(id_)) == self.model.cancel(id_)

    @rule(pick=st.integers(0, 30))
    def answer(self, pick: int) -> None:
        asking = [t.id for t in self.model.there("delayed") if t.until == float("inf")]
        id_ = asking[pick % len(asking)] if asking else self.pick(pick)
        assert self.run(self.queue.answer(id_, "that one")) == self.model.answer(id_)

    @rule(most=st.integers(1, 3))
    def replay(self, most: int) -> None:
        assert self.run(self.queue.replay(most=most)) == self.model.replay(most)

    @rule()
    def functions_flushed(self) -> None:
        self.run(self.redis.function_flush())

    @rule()
    def wait_until_something_is_due(self) -> None:
        due = [t.until for where in ("leased", "delayed") for t in self.model.there(where)]
        soon = min((at for at in due if at < float("inf")), default=0.0)
        while True:
            seconds, micros = self.run(self.redis.time())
            if seconds * 1000 + micros // 1000 >= soon:
                return

    def pick(self, pick: int) -> str:
        ids = [*self.model.tasks, *self.model.ended, "nobody's"]
        return ids[pick % len(ids)]

    @invariant()
    def same(self) -> None:
        model, get = self.model, self.run
        assert get(self.redis.zrange(self.key("waiting"), 0, -1)) == ids(model.there("waiting"))
        for name, where in (("delayed", "delayed"), ("leases", "leased"), ("dead", "dead")):
            there = get(self.redis.zrange(self.key(name), 0, -1, withscores=True))
            assert [(id_, at) for id_, at in there] == [(t.id, t.until) for t in model.there(where)]
        entries = get(self.redis.hgetall(self.key("entries")))
        assert {id_: entry.partition("\n")[2] for id_, entry in entries.items()} == {
            t.id: t.payload for t in model.tasks.values()
        }
        assert set(get(self.redis.hgetall(self.key("results")))) == set(model.ended)
        audit = get(self.queue.audit())
        assert audit.faults == ()
        for name in ("submitted", "discarded", "returned", "retried", "replayed", "late"):
            assert getattr(audit, name) == getattr(model, name), name
        live = [t for t in model.tasks.values() if t.where != "dead"]
        assert audit.bytes == sum(len(entries[t.id].encode(errors="surrogateescape")) for t in live)
        assert audit.dead_bytes == sum(
            len(entries[t.id].encode(errors="surrogateescape")) for t in model.there("dead")
        )


def ids(tasks: list[Task]) -> list[str]:
    return [task.id for task in tasks]


@pytest.fixture
def life(server: RedisServer) -> Iterator[type[Life]]:
    yield type("LifeOnServer", (Life,), {"server": server})


def test_the_queue_does_what_the_model_does(life: type[Life]) -> None:
    run_state_machine_as_test(
        life,
        settings=settings(
            max_examples=60, stateful_step_count=40, deadline=None,
            suppress_health_check=list(HealthCheck), report_multiple_bugs=False,
            phases=(Phase.explicit, Phase.generate),  # shrinking takes minutes on a real server
        ),
    )  # fmt: skip
