"""The engine does what the reference model does, whatever producers and workers do."""

import asyncio
import math
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
)  # fmt: skip

from tests.engine.model import Archived, Entry, Model
from tests.servers import RedisServer
from thoughtstream import keys
from thoughtstream.attention.attention import Attention
from thoughtstream.attention.models import CycleReport, Forgotten
from thoughtstream.config import RedisConfig, StreamConfig
from thoughtstream.errors import InterventionRefused
from thoughtstream.memory.letting_go import LettingGo
from thoughtstream.store.connection import connect

MIND = "a mind: ünïcode %7B"
WINDOWS = (*keys.STANDARD_WINDOWS, "inner voice: {x}")
CONFIG = StreamConfig(working_memory_maxlen=4, working_memory_ttl_ms=40, batch=3)

salience = st.sampled_from(["0", "0.1", "0.29999", "0.3", "0.5", "0.5", "0.9", "1"])
garbage = st.sampled_from(
    ["nan", "inf", "-inf", "-0.1", "1.01", "1e400", "high", "", "0x1", "0,5", "\udcff"]
)
window = st.sampled_from(WINDOWS)
field = st.sampled_from(["salience", "connection_relevance", "novelty", "kind", "content"])


class Life(RuleBasedStateMachine):
    """Moves made on the real server and on the model alike."""

    server: RedisServer

    def __init__(self) -> None:
        super().__init__()
        self.runner = asyncio.Runner()
        self.redis: Any = connect(RedisConfig(url=self.server.url))
        self.run(self.redis.flushall())
        self.workers = [Attention(self.redis, CONFIG) for _ in range(2)]
        self.hands = LettingGo(self.redis, MIND, CONFIG.unconscious_maxlen)
        self.model = Model(CONFIG)
        self.number = 0
        self.last: dict[int, tuple[str, CycleReport]] = {}

    def run(self, coroutine: Any) -> Any:
        return self.runner.run(coroutine)

    def teardown(self) -> None:
        self.run(self.redis.aclose())
        self.runner.close()

    def add(self, window: str, fields: dict[str, str]) -> None:
        key = keys.WINDOW.key(mind=MIND, window=window)
        entry = self.run(self.redis.xadd(key, fields))
        ms, seq = entry.split("-")
        self.model.add(Entry((int(ms), int(seq)), keys.encode_name(window), fields))

    @rule(window=window, salience=salience, relevance=st.sampled_from(["", "0", "0.5", "1"]),
          kind=st.sampled_from(["", "semantic", "procedural"]))  # fmt: skip
    def think(self, window: str, salience: str, relevance: str, kind: str) -> None:
        fields = {"content": f"thought {self.number}", "salience": salience}
        fields |= {"connection_relevance": relevance} if relevance else {}
        fields |= {"kind": kind} if kind else {}
        self.number += 1
        self.add(window, fields)

    @rule(window=window, value=garbage, name=field)
    def garbage(self, window: str, name: str, value: str) -> None:
        bad = {"content": "bad", name: value}
        if name == "content":
            bad = {"salience": "0.9", "content": ""}
        if name == "kind" and value == "":
            bad["kind"] = "dream"
        self.add(window, bad)

    @rule(worker=st.integers(0, 1))
    def cycle(self, worker: int) -> None:
        self.number += 1
        token = f"t{self.number}"
        report = self.run(self.workers[worker].cycle(MIND, WINDOWS, token=token))
        winner = self.model.cycle(report.now_ms)
        assert (report.attended.id if report.attended else None) == winner
        if report.attended:
            thought = self.model.intervening[-1]
            assert report.attended.rivals == thought.rivals
            assert report.attended.lead == pytest.approx(thought.lead)
        assert report.more or not self.model.competing
        self.last[worker] = (token, report)

    @rule(worker=st.integers(0, 1))
    def retry(self, worker: int) -> None:
        if worker not in self.last:
            return
        token, first = self.last[worker]
        if first.attended is None or first.attended.id not in self.model.assembled:
            return  # of what was erased since, nothing is left to answer with
        cycle = self.workers[worker].cycle(MIND, WINDOWS, token=token, mode="again")
        again = self.run(cycle)
        assert again.attended is not None
        assert again.attended.id == first.attended.id
        assert not any(again.moved.values())

    @rule(window=window, length=st.integers(0, 2))
    def producer_trims(self, window: str, length: int) -> None:
        key = keys.WINDOW.key(mind=MIND, window=window)
        self.run(self.redis.xtrim(key, maxlen=length, approximate=False))
        self.model.trim(keys.encode_name(window), length)

    @rule(window=window, kind=st.sampled_from(["", "semantic"]), skill=st.booleans())
    def anchor(self, window: str, kind: str, skill: bool) -> None:
        fields = {"content": f"memory {self.number}"}
        fields |= {"kind": kind} if kind else {}
        fields |= {"skill": "tea"} if skill else {}
        self.number += 1
        name = self.run(self.workers[0].anchor(MIND, window, fields))
        self.model.anchor(_entry(name, fields))

    @rule(pick=st.integers(0, 9), salience=st.sampled_from([0.1, 0.5, 1.0]))
    def take_back(self, pick: int, salience: float) -> None:
        if not self.model.unconscious:
            return
        entries = self.run(self.redis.xrange(keys.UNCONSCIOUS.key(mind=MIND)))
        pick %= len(entries)
        forgotten, entry = self.model.unconscious[pick], Forgotten.of(*entries[pick])
        if isinstance(forgotten, Archived):
            assert self.run(self.hands.take_back(entry.entry)) == forgotten.name
            self.model.remember_again(forgotten)
            return
        name = self.run(self.workers[0].take_back(MIND, entry, salience))
        self.model.take_back(
            forgotten, _entry(name, forgotten.fields | {"salience": str(salience)})
        )

    @rule(pick=st.integers(0, 99), move=st.sampled_from(["forget", "supersede", "erase"]))
    def owner_lets_go(self, pick: int, move: str) -> None:
        memories = [name for kind in self.model.memories.values() for name, _ in kind]
        if not memories:
            return
        name = memories[pick % len(memories)]
        if move == "forget":
            self.run(self.hands.forget(name, "ana"))
            self.model.let_go(name)
        elif move == "supersede":
            self.number += 1
            fields = {"content": f"truth {self.number}", "salience": "0.5"}
            new = self.run(self.hands.supersede(name, WINDOWS[-1], None, fields, None))
            self.model.supersede(name, new, fields["content"])
        else:
            self.run(self.hands.erase(name, WINDOWS))
            self.model.erase(name)

    @rule(chance=st.integers(0, 9))
    def redis_is_killed(self, chance: int) -> None:
        if chance:
            return  # a restart takes as long as a hundred other moves
        # While a background fsync runs, Redis answers before it has written, for up to 2 s. Here
        # that is not the question: it writes all it has first.
        self.run(self.redis.config_set("appendfsync", "always"))
        self.run(self.redis.hset(keys.LEDGER.key(mind="another"), "adopted", 0))
        self.run(self.redis.connection_pool.disconnect())
        self.server.kill()
        self.server.start()

    @rule()
    def functions_flushed(self) -> None:
        self.run(self.redis.function_flush())

    # No preconditions: what there is depends on the server's clock, what is drawn must not.
    @rule(pick=st.integers(0, 9), action=st.sampled_from(["veto", "restore", "reframe", "boost"]))
    def intervene(self, pick: int, action: Any) -> None:
        names = [thought.entry.name for thought in self.model.intervening]
        if not names:
            return
        name = names[pick % len(names)]
        change = {"veto": {}, "restore": {}, "reframe": {"content": "calmer", "kind": "semantic"},
                  "boost": {"salience": "1"}}[action]  # fmt: skip
        try:
            self.run(self.workers[0].intervene(MIND, name, action, change))
        except InterventionRefused as refusal:
            assert "closed" in str(refusal)
        else:
            self.model.intervene(name, action, change)

    @rule()
    def wait_until_something_is_due(self) -> None:
        due = min((t.due for t in [*self.model.competing, *self.model.intervening]), default=0)
        while True:
            seconds, micros = self.run(self.redis.time())
            if seconds * 1000 + micros // 1000 >= due:
                return

    @invariant()
    def same(self) -> None:
        model, get = self.model, self.run
        assert model.balanced()
        contest = get(self.redis.zrange(keys.CONTEST.key(mind=MIND), 0, -1, withscores=True))
        best_first = sorted(model.competing, key=lambda t: (-t.score, t.entry.order))
        assert [_name(member) for member, _ in contest] == [t.entry.name for t in best_first]
        assert all(
            math.isclose(-negated, t.score)
            for (_, negated), t in zip(contest, best_first, strict=True)
        )
        intervening = get(self.workers[0].look(MIND, WINDOWS, 1)).intervening
        assert sorted(a.id for a in intervening) == sorted(t.entry.name for t in model.intervening)
        assert self.ids(keys.ASSEMBLED) == model.assembled
        assert sorted(self.ids(keys.REJECTED)) == sorted(model.rejected)
        assert self.ids(keys.UNCONSCIOUS) == [entry.name for entry in model.unconscious]
        for kind, family in keys.MEMORIES.items():
            entries = get(self.redis.xrange(family.key(mind=MIND)))
            assert [(f["id"], f["content"]) for _, f in entries] == model.memories[kind]
            for entry, fields in entries:
                item = get(self.redis.hgetall(keys.ITEM.key(mind=MIND, id=fields["id"])))
                assert item == fields | {"kind": kind, "entry": entry}
        for name in WINDOWS:
            entries = get(self.redis.xrange(keys.WINDOW.key(mind=MIND, window=name)))
            kept = model.windows.get(keys.encode_name(name), [])
            assert [entry for entry, _ in entries] == [f"{e.id[0]}-{e.id[1]}" for e in kept]
        audit = get(self.workers[0].audit(MIND, WINDOWS))
        assert audit.faults == []
        assert audit.competing == len(model.competing)
        assert {n: getattr(audit, n) for n in model.ledger} == model.ledger

    def ids(self, family: keys.Family) -> list[str]:
        return [f["id"] for _, f in self.run(self.redis.xrange(family.key(mind=MIND)))]


def _entry(name: str, fields: dict[str, str]) -> Entry:
    numbers, _, window = name.partition("@")
    ms, _, seq = numbers.partition("-")
    return Entry((int(ms), int(seq)), window, fields)


def _name(member: str) -> str:
    numbers, _, window = member.partition("@")
    ms, _, seq = numbers.partition("-")
    return f"{int(ms)}-{int(seq)}@{window}"


@pytest.fixture
def life(server: RedisServer) -> Iterator[type[Life]]:
    yield type("LifeOnServer", (Life,), {"server": server})


def test_the_engine_does_what_the_model_does(life: type[Life]) -> None:
    run_state_machine_as_test(
        life,
        settings=settings(
            max_examples=60, stateful_step_count=40, deadline=None,
            suppress_health_check=list(HealthCheck), report_multiple_bugs=False,
            phases=(Phase.explicit, Phase.generate),  # shrinking takes minutes on a real server
        ),
    )  # fmt: skip
