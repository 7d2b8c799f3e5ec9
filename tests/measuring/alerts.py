"""For each alert, series on which it fires, and others, close by, on which it does not.

Values are in promtool's notation, `start+step x times`, a value each 15 s; a lone number stays.
"""

from dataclasses import dataclass

DAY = 5760
_STAYS = "+0x"


@dataclass(frozen=True)
class Case:
    """An alert, at `after` minutes of each of these series; what they are called is without the
    prefix.
    """

    alert: str
    fires: dict[str, str]
    quiet: dict[str, str]
    after_minutes: int = 3

    def series(self, fires: bool) -> list[dict[str, str]]:
        """As promtool reads them."""
        given = self.fires if fires else self.quiet
        most = self.after_minutes * 4 + 1
        return [
            {
                "series": f"thoughtstream_{name}",
                "values": value if "x" in value else f"{value}{_STAYS}{most}",
            }
            for name, value in given.items()
        ]


_LATE = "cycle_lateness_seconds_bucket"
_A, _B = '{node="a:1"}', '{node="b:1"}'

CASES = (
    Case("ThoughtstreamDown", {"minds": "1"}, {"up": "1"}),
    Case("ThoughtstreamDown", {"up": "0"}, {"up": "1"}),
    Case(
        "NobodyAttends",
        {"services_alive": "0", "minds": "3"},
        {"services_alive": "0", "minds": "0"},
    ),
    Case("AttentionLag", {"attention_lag_seconds": "6"}, {"attention_lag_seconds": "4.9"}),
    Case(
        "AttentionSlow",
        {f'{_LATE}{{le="0.1"}}': "0+9x100", f'{_LATE}{{le="0.25"}}': "0+10x100",
         f'{_LATE}{{le="+Inf"}}': "0+10x100"},
        {f'{_LATE}{{le="0.1"}}': "0+999x100", f'{_LATE}{{le="0.25"}}': "0+1000x100",
         f'{_LATE}{{le="+Inf"}}': "0+1000x100"},
        16,
    ),
    Case("LedgerOutOfBalance", {"ledger_difference": "1"}, {"ledger_difference": "0"}),
    Case(
        "LedgerNotAudited",
        {"ledger_audit_age_seconds": "3601"},
        {"ledger_audit_age_seconds": "3599"},
    ),
    Case(
        "MemoryNearlyFull",
        {f"redis_used_bytes{_A}": "81", f"redis_max_bytes{_A}": "100"},
        {f"redis_used_bytes{_A}": "79", f"redis_max_bytes{_A}": "100",
         f"redis_used_bytes{_B}": "81", f"redis_max_bytes{_B}": "0"},
        11,
    ),
    Case(
        "MemoryWillBeFull",
        {f"redis_used_bytes{_A}": "0+1x2000", f"redis_max_bytes{_A}": "6000"},
        {f"redis_used_bytes{_A}": "0+1x2000", f"redis_max_bytes{_A}": "9000",
         f"redis_used_bytes{_B}": "0+1x2000", f"redis_max_bytes{_B}": "0"},
        430,
    ),
    Case(
        "DomainOverBudget",
        {'domain_bytes{domain="cache"}': "11", 'domain_budget_bytes{domain="cache"}': "10"},
        {'domain_bytes{domain="cache"}': "9", 'domain_budget_bytes{domain="cache"}': "10",
         'domain_bytes{domain="agents"}': "11"},
        31,
    ),
    Case(
        "ThoughtsRefused",
        {'thoughts_total{fate="rejected"}': "0+3x100"},
        {'thoughts_total{fate="rejected"}': "0+2x100", 'thoughts_total{fate="adopted"}': "0+9x100"},
        15,
    ),
    Case(
        "SomethingEvicted",
        {f"redis_evicted_keys_total{_A}": "0 0 1 1 1"},
        {f"redis_evicted_keys_total{_A}": "5"},
        1,
    ),
    Case(
        "AofFailing",
        {f"redis_aof_last_write_ok{_A}": "1", f"redis_aof_last_rewrite_ok{_A}": "0"},
        {f"redis_aof_last_write_ok{_A}": "1", f"redis_aof_last_rewrite_ok{_A}": "1"},
    ),
    Case(
        "AofFailing",
        {f"redis_aof_last_write_ok{_A}": "0", f"redis_aof_last_rewrite_ok{_A}": "1"},
        {f"redis_aof_last_write_ok{_A}": "1", f"redis_aof_last_rewrite_ok{_A}": "1"},
    ),
    Case(
        "DiskTooSlow",
        {f"redis_aof_delayed_fsync_total{_A}": "0+1x100"},
        {f"redis_aof_delayed_fsync_total{_A}": "7"},
        16,
    ),
    Case(
        "ReplicaBehind",
        {f"redis_replica_lag_bytes{_A}": "1000001", f"redis_replica_link_up{_A}": "1"},
        {f"redis_replica_lag_bytes{_A}": "999999", f"redis_replica_link_up{_A}": "1"},
    ),
    Case(
        "ReplicaBehind",
        {f"redis_replica_link_up{_A}": "0"},
        {f"redis_replica_link_up{_A}": "1"},
    ),
    Case("SlotsNotServed", {f"redis_slots_fail{_A}": "1"}, {f"redis_slots_fail{_A}": "0"}),
    Case("ForkSlow", {f"redis_fork_seconds{_A}": "0.6"}, {f"redis_fork_seconds{_A}": "0.4"}),
    Case(
        "Fragmented",
        {f"redis_fragmentation_ratio{_A}": "1.6", f"redis_used_bytes{_A}": "200000000"},
        {f"redis_fragmentation_ratio{_A}": "1.6", f"redis_used_bytes{_A}": "99000000"},
        61,
    ),
    Case(
        "ConnectionsRejected",
        {f"redis_rejected_connections_total{_A}": "0 1 2 2 2"},
        {f"redis_rejected_connections_total{_A}": "2"},
        1,
    ),
    # promtool's clock begins at 0.
    Case(
        "BackupTooOld",
        {"backup_last_success_timestamp_seconds": "10"},
        {"backup_last_success_timestamp_seconds": "130"},
        2162,
    ),
    Case(
        "CertificateEnds",
        {'certificate_expires_timestamp_seconds{server="a:1"}': "1209700"},
        {'certificate_expires_timestamp_seconds{server="a:1"}': "1209800"},
    ),
    Case(
        "WatchersDropped",
        {'watcher_closed_total{reason="slow"}': "0+20x200"},
        {'watcher_closed_total{reason="slow"}': "0+10x200",
         'watcher_closed_total{reason="left"}': "0+90x200"},
        21,
    ),
)  # fmt: skip
