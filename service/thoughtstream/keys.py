"""Every key there is: the one place that knows names, types, lives and budgets of data in Redis.

From this registry come the key builders (nobody formats a key anywhere else), the keys of the ACL
rules (`acl.py`), the memory-by-domain figures, the hygiene check and the table in the docs
(`thoughtstream keys`). It and `key_family.py` import nothing but the standard library, so that the
deployment may read them too.
"""

import re
from fnmatch import translate
from typing import Literal, get_args

from thoughtstream.key_family import MAX_NAME_CHARACTERS as MAX_NAME_CHARACTERS
from thoughtstream.key_family import Domain as Domain
from thoughtstream.key_family import Family as Family
from thoughtstream.key_family import RedisType
from thoughtstream.key_family import Writer as Writer
from thoughtstream.key_family import decode_name as decode_name
from thoughtstream.key_family import encode_name as encode_name
from thoughtstream.key_family import is_text as is_text
from thoughtstream.key_family import readable as readable
from thoughtstream.key_family import readable_fields as readable_fields

STANDARD_WINDOWS = ("sensory", "memory", "emotion", "reasoning")
Kind = Literal["episodic", "semantic", "procedural"]
MEMORY_KINDS: tuple[Kind, ...] = get_args(Kind)

_WINDOW_KEY = re.compile(r"thought:\{([^{}]+)\}:window:(.+)", re.DOTALL)

_ATTENTION = (Writer.ATTENTION,)
_SLEEP = (Writer.CONSOLIDATION,)
_ENGINE = (*_ATTENTION, *_SLEEP)


def _thought(
    part: str,
    type_: RedisType,
    bound: str,
    *,
    writers: tuple[Writer, ...] = _ATTENTION,
    ttl_s: int | None = None,
) -> Family:
    name = part.split(":")[0]
    pattern = f"thought:{{<mind>}}:{part}"
    all_writers = (*writers, Writer.OWNER)
    return Family(name, pattern, type_, Domain.THOUGHTS, bound, all_writers, ttl_s)


def _memory(
    part: str, type_: RedisType, bound: str, writers: tuple[Writer, ...] = _ENGINE
) -> Family:
    name = part.split(":")[0]
    pattern = f"memory:{{<mind>}}:{part}"
    return Family(name, pattern, type_, Domain.MEMORIES, bound, (*writers, Writer.OWNER))


WINDOW = _thought(
    "window:<window>",
    "stream",
    "entries leave when their contest ends",
    writers=(Writer.PRODUCERS, Writer.ATTENTION, Writer.TRIGGERS),
)
CONTEST = _thought("contest", "zset", "the thoughts in the windows")
DEADLINES = _thought("deadlines", "zset", "competing and attended thoughts")
INTERVENING = _thought("intervening", "hash", "attended thoughts, for 5 s each")
ASSEMBLED = _thought("assembled", "stream", "MAXLEN ~1000")
REJECTED = _thought("rejected", "stream", "MAXLEN ~1000")
LEDGER = _thought("ledger", "hash", "one field per count", writers=_ENGINE)
WINDOWS = _thought("windows", "set", "one name per window")

GUARD = _thought("guard", "string", "never there", writers=_ENGINE)
"""A key that never exists. A Function that is given it along with others can't start while their
slot moves from one node to another: Redis answers TRYAGAIN. Without it, a Function whose keys are
all still there would start, and fail halfway, where it makes a new one."""

RECEIVED = _thought(
    "received", "zset", "packets of two weeks, and one member per memory that came by one"
)
"""What came from elsewhere, so that it is taken in once."""

DELETION = _thought("deletion", "hash", "while the mind is being deleted", writers=())
"""The lease of who deletes the mind, and when that began."""

ASKED = _thought("asked:<key>", "hash", "one per idempotency key of the last day", ttl_s=86_400)
"""The thought that was written under an idempotency key, and what it was made of. A server that is
full may evict it: then the same request is another thought."""

REFRACTORY = _thought(
    "refractory:<id>",
    "string",
    "one per memory that came back",
    writers=(Writer.TRIGGERS,),
    ttl_s=60,
)

EPISODIC = _memory("episodic", "stream", "none: durable")
SEMANTIC = _memory("semantic", "stream", "none: durable")
PROCEDURAL = _memory("procedural", "stream", "none: durable")
UNCONSCIOUS = _memory("unconscious", "stream", "MAXLEN ~10000")
MERGED = _memory("merged", "stream", "one per memory that was merged: durable", _SLEEP)
"""What became part of a memory that says the same, whole, so that it can be taken back."""

ITEM = _memory("item:<id>", "hash", "one per memory", (*_ENGINE, Writer.RECALL))
"""The fields of the memory's stream entry, `kind` and `entry` (its place), and what only an item
has: `words` and `as_ranked` (which recall adds, for an index of the server) and what sleep counts
(`strength`, `replayed_at`, `merged_from`)."""

TIMELINE = _memory("timeline:<kind>", "zset", "one member per memory")
"""The memories of a kind in the order in which they were said. Derived from the stream, whose order
is when they were encoded: recall makes it anew where it is incomplete."""

VECTORS = _memory("vectors:<kind>", "hash", "a few hundred bytes per memory", (Writer.RECALL,))
"""What memories mean, by entry, and in the field `embedder` who says so. Derived from the stream,
and only there if the settings name an embedder; recall and the service complete it."""

REWRITTEN = Family(
    "rewritten",
    "memory:{<mind>}:rewritten:<stream>",
    "stream",
    Domain.MEMORIES,
    "gone when it takes the place of the stream",
    (Writer.OWNER,),
    3600,
)
"""A stream of this mind as it is being written anew, so that no byte of what was erased is left."""

SLEEP = _memory("sleep", "hash", "one per mind", _SLEEP)
SHARED = _memory("shared", "hash", "one field a lineage", (Writer.LINEAGE,))
"""How far the stream of semantic memories was shared with each lineage."""

CONSOLIDATION = Family(
    "consolidation",
    "memory:consolidation:{<mind>}:<session>",
    "hash",
    Domain.MEMORIES,
    "one field per move",
    (Writer.CONSOLIDATION, Writer.OWNER),
    7 * 86_400,
)

MEMORY = Family(
    "memory", "thoughtstream:memory", "hash", Domain.COORDINATION,
    "one field a server", (Writer.SAMPLER,),
)  # fmt: skip
"""What each domain takes of each server's memory, as last sampled, and the lease of who samples."""

MINDS = Family(
    "minds", "thoughtstream:minds", "zset", Domain.COORDINATION, "one a mind",
    (Writer.DISCOVERY, Writer.ATTENTION, Writer.OWNER),
)  # fmt: skip
"""The names of all minds, encoded, in their order: a projection, which whoever makes a ledger adds
to."""

BACKUP = Family(
    "backup", "thoughtstream:backup", "hash", Domain.COORDINATION, "one a Redis",
    (Writer.OPERATORS,),
)  # fmt: skip
"""Of the last backup that is whole: `at`, from when its data is (s since the epoch)."""

FOUND = Family(
    "found", "thoughtstream:found:<part>", "set", Domain.COORDINATION, "one a window",
    (Writer.DISCOVERY, Writer.OWNER),
)  # fmt: skip
"""The keys of the windows that a server has, so that nobody has to look through all keys for them:
a projection, which services make anew where it is incomplete. Each server of a cluster has one; it
may have several once slots have moved, and windows of minds that moved."""

ALL_FOUND = "*"
"""This member says that what was there has been looked through for windows."""

PROBE = Family(
    "probe", "thoughtstream:probe:<id>", "stream", Domain.COORDINATION, "gone at once",
    (Writer.DISCOVERY,),
)  # fmt: skip


def _tasks(name: str, type_: RedisType, bound: str, *, ttl_s: int | None = None) -> Family:
    pattern = f"tasks:{{<queue>}}:{name}"
    writers = (Writer.QUEUE,)
    return Family(name.split(":")[0], pattern, type_, Domain.COORDINATION, bound, writers, ttl_s)


WAITING = _tasks("waiting", "zset", "queue.entries")
BELL = _tasks("bell:<listener>", "list", "what nobody took in a minute goes", ttl_s=60)
"""A hint, and nothing more: what is on it is leased, and comes back when the lease ends."""

QUEUE = (
    WAITING,
    _tasks("delayed", "zset", "queue.entries"),
    _tasks("leases", "zset", "queue.entries"),
    _tasks("running", "hash", "one a lease"),
    _tasks("entries", "hash", "queue.entries, queue.bytes, queue.dead_entries"),
    _tasks("tries", "hash", "one a task that came back"),
    _tasks("ledger", "hash", "a field a count"),
    _tasks("dead", "zset", "queue.dead_entries, queue.dead_bytes"),
    _tasks("results", "hash", "queue.result_ttl_s, queue.results_bytes"),
    _tasks("ended", "zset", "one a result"),
    _tasks("idle", "zset", "one a worker"),
    _tasks("waiters", "hash", "one a task that somebody waits for"),
    _tasks("answers", "hash", "one a task that asked"),
    _tasks("guard", "string", "never there"),
)
"""A queue, in the order in which its Functions take these keys."""

QUEUES = Family(
    "queues", "tasks:queues", "set", Domain.COORDINATION, "one a queue", (Writer.QUEUE,)
)


def _deepcode(
    name: str, part: str, type_: RedisType, bound: str, *, ttl_s: int | None = None
) -> Family:
    return Family(name, f"deepcode:{part}", type_, Domain.CACHE, bound, (Writer.CACHE,), ttl_s)


CACHE = _deepcode("cache", "cache:<key>", "string", "cache.value_bytes each", ttl_s=3600)
"""The value, as bare JSON: any client may write and read it. The TTL is the default.

Its companions are in its slot: a key has no braces of its own, so the whole of it is hashed, as is
the same between braces.
"""

FLIGHT = _deepcode(
    "flight", "flight:{deepcode:cache:<key>}", "hash", "one a computed value; goes with it",
    ttl_s=3600,
)  # fmt: skip
"""Who computes the value, until when, who waits for it, and what it cost to compute."""

FLIGHT_BELL = _deepcode(
    "bell", "bell:{deepcode:cache:<key>}:<id>", "list", "what nobody took in a minute goes",
    ttl_s=60,
)  # fmt: skip

GENERATION = (
    CACHE,
    FLIGHT,
    _deepcode("guard", "guard:{deepcode:cache:<key>}", "string", "never there"),
)
"""A value and its companions, in the order in which the Functions of the cache take these keys."""

SCRATCH = _deepcode(
    "scratch", "scratch:<key>", "string", "cache.value_bytes each; a day at most", ttl_s=86_400
)


AGENT_STATUS = Family(
    "agent_status", "agent_status:<id>", "string", Domain.AGENTS, "one an agent", (Writer.AGENTS,)
)
"""What everybody may read, with GET: a JSON. We never read it to decide anything."""


def _agent(name: str, bound: str) -> Family:
    pattern = f"agent:{{agent_status:<id>}}:{name}"
    return Family(f"agent_{name}", pattern, "hash", Domain.AGENTS, bound, (Writer.AGENTS,))


AGENT_STATE = _agent("state", "one an agent")
AGENT_PAST = _agent("past", "one an agent that left, for a day")
AGENTS = Family("agents", "agents", "zset", Domain.AGENTS, "one an agent", (Writer.AGENTS,))
AGENTS_OLD = Family(
    "agents_old", "agents:old", "zset", Domain.AGENTS,
    "agents that have left or are offline, until they are forgotten", (Writer.AGENTS,),
)  # fmt: skip
SERVICES = Family(
    "services", "agents:services", "zset", Domain.AGENTS, "one a service", (Writer.AGENTS,)
)
"""The agents that are services."""

FORMER = (
    Family(
        "former_service", "thoughtstream:service:<id>", "hash", Domain.COORDINATION,
        "one a service; ends with its lease", (Writer.AGENTS,),
    ),
    Family(
        "former_services", "thoughtstream:services", "zset", Domain.COORDINATION,
        "one a service", (Writer.AGENTS,),
    ),
)  # fmt: skip
"""What services of the version before write, which was none of agents: they go on while hosts are
upgraded one after the other. The next version knows nothing of it."""


def _reservation(name: str, type_: RedisType, bound: str, *, ttl_s: int | None = None) -> Family:
    pattern = f"reservation:{{<reservation>}}:{name}"
    family = f"reservation_{name.split(':')[0]}"
    return Family(family, pattern, type_, Domain.COORDINATION, bound, (Writer.RESERVE,), ttl_s)


RESERVATION = (
    _reservation("lease", "hash", "one a name that is taken"),
    _reservation("past", "hash", "one a name that was", ttl_s=86_400),
    _reservation("waiting", "zset", "one a program that waits"),
)
"""A reservation, in the order in which its Functions take these keys."""

RESERVATION_BELL = _reservation("bell:<listener>", "list", "goes in a minute", ttl_s=60)
RESERVATIONS = Family(
    "reservations",
    "reservations",
    "zset",
    Domain.COORDINATION,
    "names that are taken",
    (Writer.RESERVE,),
)

PACKET = Family(
    "packet", "thoughtseed:packet:<id>", "string", Domain.COORDINATION, "goes in a day",
    (Writer.PACKETS,), 86_400,
)  # fmt: skip
SUBSCRIBERS = Family(
    "subscribers", "packets:{<domain>}:subscribers", "set", Domain.COORDINATION,
    "one an agent that subscribed", (Writer.PACKETS,),
)  # fmt: skip


def _evolution(part: str, type_: RedisType, bound: str) -> Family:
    writers = (Writer.EVOLUTION,)
    name = f"evolution_{part.rpartition(':')[2]}"
    return Family(name, f"evolution:{part}", type_, Domain.INFERENCE, bound, writers)


EVOLUTION = _evolution("{<run>}:plan", "hash", "one of a run; the latest 20 runs")
"""What the run is to do, and how many of its workers were killed."""

EVOLUTION_DIALOGUES = _evolution("{<run>}:dialogues", "hash", "one field a conversation")
EVOLUTION_LEDGER = _evolution("{<run>}:ledger", "hash", "one field an evaluation")
"""What came of each evaluation, by its id: written once. All that a run knows follows from it."""

EVOLUTIONS = _evolution("runs", "zset", "the latest 20 runs")

_SEEDS = (Writer.THOUGHTSEEDS,)
CONSCIOUSNESS = Family(
    "consciousness", "consciousness:level:<architecture>", "string", Domain.INFERENCE,
    "goes in a day", _SEEDS, 86_400,
)  # fmt: skip
"""What everybody may read, with GET: a JSON of the level's parts. We never read it to decide."""

RIVER = Family(
    "river", "river:{<stream>}:flow", "string", Domain.INFERENCE, "goes in a day", _SEEDS, 86_400
)
"""How a stream of thoughts flows, as JSON."""

BASINS = Family(
    "attractor_basin", "attractor_basin:{<space>}:pull", "zset", Domain.INFERENCE,
    "the 10,000 that pull most", _SEEDS,
)  # fmt: skip
"""By concept, how much it pulls."""


def _learning(name: str, pattern: str, type_: RedisType, bound: str) -> Family:
    return Family(name, pattern, type_, Domain.INFERENCE, bound, (Writer.LEARNING,))


PRIOR = _learning("prior", "prior:{<lineage>}:<level>:<quantity>", "hash", "inference.agents")
"""What agents have observed of a quantity, as sufficient statistics: a field an agent, and nobody
else writes it."""

DEFAULT_LINEAGE = "default"
"""Where agents learn that name no lineage."""

PRIOR_BASAL = _learning("prior_basal", "prior:{<lineage>}:basal", "hash", "inference.quantities")
"""What is expected of each quantity before anything was observed, and what is forbidden."""

PRIOR_GUARD = _learning("prior_guard", "prior:{<lineage>}:guard", "string", "never there")
INFERENCE_STATE = _learning(
    "inference_state", "inference:{<agent>}:state", "hash", "inference.worlds"
)
"""What an agent believes of the state of each world in which it chooses, and chose last."""

INFERENCE_ERRORS = _learning(
    "inference_errors", "inference:{<agent>}:errors:<lineage>", "hash", "inference.quantities"
)
"""How wrong each level was that predicted a quantity, and how much it counts therefore."""

FAMILIES: tuple[Family, ...] = (
    WINDOW, CONTEST, DEADLINES, INTERVENING, ASSEMBLED, REJECTED, LEDGER, WINDOWS, GUARD,
    RECEIVED, REFRACTORY, EPISODIC, SEMANTIC, PROCEDURAL, UNCONSCIOUS, MERGED, ITEM, TIMELINE,
    VECTORS, ASKED, REWRITTEN, DELETION,
    SLEEP, SHARED, CONSOLIDATION, MEMORY, BELL, *QUEUE, QUEUES, FLIGHT_BELL, *GENERATION, SCRATCH,
    MINDS, BACKUP,
    FOUND, PROBE, AGENT_STATUS, AGENT_STATE, AGENT_PAST, AGENTS, AGENTS_OLD, SERVICES, *FORMER,
    *RESERVATION, RESERVATION_BELL, RESERVATIONS, PACKET, SUBSCRIBERS,
    EVOLUTION, EVOLUTION_DIALOGUES, EVOLUTION_LEDGER, EVOLUTIONS,
    CONSCIOUSNESS, RIVER, BASINS,
    PRIOR, PRIOR_BASAL, PRIOR_GUARD, INFERENCE_STATE, INFERENCE_ERRORS,
)  # fmt: skip

NOTIFY_EVENTS = "Kt"
"""What the service needs of `notify-keyspace-events`: writes to streams, told by key. They wake it,
so that nothing is ever polled."""

FOUND_CHANNEL = "thoughtstream:found"
"""`found_channel` of the first database."""


def write_channel(key: str, database: int = 0) -> str:
    """The channel on which Redis announces every write to a key of a database."""
    return f"__keyspace@{database}__:{key}"


def found_channel(database: int = 0) -> str:
    """Where the keys of windows that are new are told, one a line; and the key of the ledger of a
    mind that was deleted. Each database has its own: whoever listens hears of all databases.
    """
    return f"{FOUND_CHANNEL}@{database}" if database else FOUND_CHANNEL


MEMORIES: dict[str, Family] = {
    "episodic": EPISODIC,
    "semantic": SEMANTIC,
    "procedural": PROCEDURAL,
}


def window_of(key: str) -> tuple[str, str] | None:
    """(mind, window) of a window's key; None if the key is not the canonical name of one, as UTF-8:
    nobody serves that.
    """
    match = _WINDOW_KEY.fullmatch(key)
    if match is None or not is_text(key):
        return None
    mind, window = decode_name(match[1]), decode_name(match[2])
    try:
        canonical = WINDOW.key(mind=mind, window=window)
    except ValueError:
        return None
    return (mind, window) if canonical == key else None


def mind_of(key: str) -> str:
    """The mind that a key of a mind belongs to: its hash tag."""
    return decode_name(key[key.index("{") + 1 : key.index("}")])


def mind_glob(mind: str) -> str:
    """Matches all keys of a mind, and of others those that have this name in the same place."""
    glob = LEDGER.glob_of(mind=mind)
    return f"*{glob[glob.index('{') : -len('ledger')]}*"


def is_of_mind(key: str, mind: str) -> bool:
    """Whether a key is one of this mind's."""
    family = family_of(key)
    return family is not None and "<mind>" in family.pattern and mind_of(key) == mind


def deleted_mind(key: str) -> str | None:
    """The mind of which this, told in place of a window's key, says that it was deleted."""
    is_told = key.endswith(":ledger") and family_of(key) is LEDGER
    return mind_of(key) if is_told else None


def id_of(family: Family, key: str) -> str:
    """The `<id>` of a key of this family."""
    before, after = family.pattern.split("<id>")
    return key[len(before) : len(key) - len(after)]


def queue_of(key: str) -> str:
    """The name of the queue that a key belongs to: its hash tag."""
    return mind_of(key)


def family_of(key: str) -> Family | None:
    """The family that a key belongs to; None for a key that is not ours."""
    match = _ANY_FAMILY.match(key)
    return None if match is None or match.lastindex is None else FAMILIES[match.lastindex - 1]


_ANY_FAMILY = re.compile(
    "|".join(f"({translate(family.glob.replace('[', '[[]'))})" for family in FAMILIES)
)
"""One group a family; the first that matches has it."""
