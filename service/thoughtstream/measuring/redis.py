"""What is read from Redis: of all minds together, of the memory, of each node."""

from thoughtstream.measuring.metric import counter, gauge

FATES = (
    "adopted", "rejected", "attended", "anchored", "recurred", "vetoed", "forgotten", "expired",
    "displaced", "distilled", "imported", "merged", "unmerged", "outgrown", "let_go", "taken_back",
    "superseded", "erased",
)  # fmt: skip
"""The counts of a mind's ledger."""

UP = gauge("up", "Whether Redis answers.")
SERVICES = gauge("services_alive", "Services that are alive.")
MINDS = gauge("minds", "Minds that have a ledger.")
THOUGHTS = counter(
    "thoughts_total",
    "Thoughts and memories by what became of them, of all minds; fewer once a mind is deleted.",
    fate=FATES,
)
COMPETING = gauge("competing", "Thoughts that compete.")
INTERVENING = gauge("intervening", "Attended thoughts that can still be changed.")
UNREAD = gauge("unread", "Thoughts that no service has adopted.")
LAG = gauge("attention_lag_seconds", "The age of the oldest thought that nobody has adopted.")
MEMORIES = gauge("memories", "Memories.", kind=("episodic", "semantic", "procedural"))
DIFFERENCE = gauge(
    "ledger_difference", "Faults that audits of all minds found: what is missing, or twice."
)
AUDIT_AGE = gauge(
    "ledger_audit_age_seconds", "How long ago the mind was audited whose turn comes next."
)

DOMAIN_BYTES = gauge("domain_bytes", "What the keys of a domain take, by a sample.", domain=())
DOMAIN_BUDGET = gauge(
    "domain_budget_bytes", "What they may take, by the settings and maxmemory.", domain=()
)
SAMPLE_AGE = gauge("domain_sample_age_seconds", "How old the oldest sample is.")

USED = gauge("redis_used_bytes", "Memory in use.", node=())
MOST = gauge("redis_max_bytes", "Memory that may be used (maxmemory); 0: no limit.", node=())
EVICTED = counter("redis_evicted_keys_total", "Keys that were evicted.", node=())
REJECTED = counter("redis_rejected_connections_total", "Connections above maxclients.", node=())
FRAGMENTATION = gauge(
    "redis_fragmentation_ratio", "Memory taken from the system, by memory in use.", node=()
)
AOF_WRITE = gauge("redis_aof_last_write_ok", "Whether the last write to the log worked.", node=())
AOF_REWRITE = gauge("redis_aof_last_rewrite_ok", "Whether the last rewrite of it did.", node=())
AOF_DELAYED = counter("redis_aof_delayed_fsync_total", "Fsyncs that had to wait.", node=())
LAST_SAVE = gauge("redis_last_save_timestamp_seconds", "When the last snapshot was saved.", node=())
FORK = gauge("redis_fork_seconds", "How long the last fork took; nothing else went on.", node=())
REPLICA_LAG = gauge("redis_replica_lag_bytes", "What a replica has not read yet.", node=())
REPLICA_LINK = gauge("redis_replica_link_up", "Whether a replica has its master.", node=())
SLOTS_OK = gauge("redis_slots_ok", "Slots that the node sees served.", node=())
SLOTS_FAIL = gauge("redis_slots_fail", "Slots that the node sees failing.", node=())
SPIKE = gauge(
    "redis_latency_spike_seconds", "The longest that an event took of late (LATENCY LATEST).",
    node=(),
)  # fmt: skip

BACKUP = gauge(
    "backup_last_success_timestamp_seconds", "From when the data of the last whole backup is."
)
CERTIFICATE = gauge(
    "certificate_expires_timestamp_seconds",
    "When the certificate ends that a node of Redis, or the web process (`web`), shows.",
    server=(),
)

REDIS = (
    UP, SERVICES, MINDS, THOUGHTS, COMPETING, INTERVENING, UNREAD, LAG, MEMORIES, DIFFERENCE,
    AUDIT_AGE, DOMAIN_BYTES, DOMAIN_BUDGET, SAMPLE_AGE, USED, MOST, EVICTED, REJECTED,
    FRAGMENTATION, AOF_WRITE, AOF_REWRITE, AOF_DELAYED, LAST_SAVE, FORK, REPLICA_LAG, REPLICA_LINK,
    SLOTS_OK, SLOTS_FAIL, SPIKE, BACKUP, CERTIFICATE,
)  # fmt: skip
