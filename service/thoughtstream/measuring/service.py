"""What a service measures of itself."""

from thoughtstream.measuring.metric import counter, gauge, histogram, info

QUICK = (0.0005, 0.001, 0.002, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0)
_LONG = (0.01, 0.1, 0.5, 1.0, 5.0, 30.0, 120.0, 600.0)

BUILD = info("build_info", "The version of the service, and of its client library.",
             version=(), redis_py=())  # fmt: skip
CYCLE = histogram(
    "cycle_seconds", "An attention cycle, there and back; again: its reply was lost before.", QUICK,
    mode=("select", "again"),
)  # fmt: skip
LATENESS = histogram(
    "cycle_lateness_seconds", "How much later than it was due a cycle began.", QUICK
)
LOOP_DELAY = histogram(
    "loop_delay_seconds", "How late timers are: for so long everything waits in the process.", QUICK
)
MINDS_SERVED = gauge("minds_served", "Minds that the service serves.")
CYCLES_RUNNING = gauge("cycles_running", "Minds whose cycles run: those with something to do.")
TRIGGERS = counter(
    "triggers_total",
    "Attended thoughts, by what they recalled; dropped: too many waited.",
    outcome=("brought", "nothing", "refractory", "dropped", "failed"),
)
TRIGGERS_WAITING = gauge("triggers_waiting", "Attended thoughts that have not recalled yet.")
RECALL = histogram(
    "recall_seconds", "A recall for an attended thought, by the index that answered.", QUICK,
    index=("redisearch", "fts5", "none"),
)  # fmt: skip
SLEEP = histogram("sleep_seconds", "One mind's sleep.", _LONG)
SLEEPS = counter(
    "sleeps_total", "Sleeps of minds; busy: another service has it asleep.",
    outcome=("slept", "busy", "failed"),
)  # fmt: skip
DISRUPTIONS = counter(
    "redis_disruptions_total", "Work that had to be begun again: Redis was lost, full, or spoilt.",
    kind=("lost", "full", "trouble"),
)  # fmt: skip
WAKEUPS = counter(
    "wakeups_total", "Writes to windows that Redis told of, and windows that were looked at.",
    kind=("notified", "polled"),
)  # fmt: skip

SERVICE = (
    BUILD, CYCLE, LATENESS, LOOP_DELAY, MINDS_SERVED, CYCLES_RUNNING, TRIGGERS, TRIGGERS_WAITING,
    RECALL, SLEEP, SLEEPS, DISRUPTIONS, WAKEUPS,
)  # fmt: skip
