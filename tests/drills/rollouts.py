"""What rollouts cost the users of a cluster on real hosts, a row an operation.

    uv run python -m tests.drills.rollouts [--json] [ROW...]

Three Debian 13 hosts with a cluster over TLS, and a spare one, are made for it and removed
afterwards. Clients on this machine write all the while; then every write that was acknowledged to
them is looked up by value. Ends with 1 if anything is wrong.
"""

import argparse
import logging
import sys
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.drills.outcome import Outcome, as_json, show
from tests.drills.site import Site
from tests.drills.workload import after_load, under_load
from tests.lab.control import Begun
from tests.lab.lab import Lab
from tests.servers import wait_until

_log = logging.getLogger(__name__)
_MOST_S = 120


@dataclass(frozen=True)
class Row:
    """An operation; `planned`: nobody may notice it. `before`: what nobody looks at. `at_work`:
    clients work meanwhile, and not only before it.
    """

    operation: str
    operate: Callable[[Site], object]
    planned: bool = True
    before: Callable[[Site], object] = Site.wait_until_healthy
    at_work: bool = True


def restart(site: Site) -> None:
    """Every Redis node, one after the other."""
    site.run("deploy.restart")


def configure(site: Site) -> None:
    """A setting that Redis takes only when it starts: each node restarts, and has it then."""
    before = site.starts()
    site.set(io_threads=2)
    done = site.run("deploy.stack")
    restarts = [step for step in done.plan if step.startswith("restart thought")]
    assert len([step for step in restarts if "io-threads 1 -> 2" in step]) == len(before), restarts
    assert not before.items() & site.starts().items()
    assert site.config("io-threads") == {"2"}


def certify(site: Site) -> None:
    """A new certificate with a new key on every host."""
    site.certify(*site.hosts)
    site.run("deploy.stack")


def upgrade(site: Site) -> None:
    """From Debian 12's Redis 7.0, with which the cluster was made, to Debian 13's 8.0."""
    before = {view.version for view in site.view().present.values()}
    site.run("deploy.upgrade")
    after = {view.version for view in site.view().present.values()}
    assert before == {"7.0.15"} and after != before, (before, after)


def rotate(site: Site) -> None:
    """New passwords for everybody; users read theirs again when they connect."""
    with site.handing_out_passwords():
        site.run("deploy.rotate_secrets")


def add(site: Site) -> None:
    """A fourth host: a shard more."""
    site.hosts.append(site.spare)
    site.run("deploy.add_node")


def rebalance(site: Site) -> None:
    """Back to even shards, after somebody moved slots by hand."""
    site.run("deploy.rebalance")


def remove(site: Site) -> None:
    """The fourth host leaves."""
    site.run("deploy.remove_node", f"host={site.spare.name}")
    site.hosts.remove(site.spare)


def fail_over(site: Site) -> None:
    """Every master's replica takes over and gives back."""
    site.run("deploy.failover_drill")


def kill_a_master(site: Site) -> None:
    """systemd starts it again."""
    host, node = site.a_master()
    host.exec(f"systemctl kill --signal KILL thoughtstream-redis-{node.port}")
    site.wait_until_healthy()


def power_off_a_host(site: Site) -> None:
    """Off until the others serve everything, then on again."""
    host, _ = site.a_master()
    host.kill()
    site.wait_until_others_serve(host)
    host.start()
    site.wait_until_healthy()


def part_a_host(site: Site) -> None:
    """Nobody reaches it, and it runs on, until the others serve everything; then it is back."""
    host, _ = site.a_master()
    host.disconnect()
    site.wait_until_others_serve(host)
    host.connect()
    site.wait_until_healthy()


def replace(site: Site) -> None:
    """A host that died for good: the spare one takes its place."""
    dead = next(host for host in site.hosts if not host.is_on)
    site.hosts[site.hosts.index(dead)] = site.spare
    site.run("deploy.replace_node", f"host={dead.ip}")


def restore(site: Site) -> None:
    """Everything is deleted on all masters, and comes back from a backup taken just before."""
    backups = site.folder / "backups"
    site.run("deploy.backup", f"to={backups}")
    for master in site.view().masters:
        site.redis(master, "flushall")
    (backup,) = backups.iterdir()
    site.run("deploy.restore", f"from_={backup}", "replace=yes")
    site.wait_until_healthy()


def fill_a_disk(site: Site) -> None:
    """A master has no room for its log while others restart: that waits, and says for what."""
    node, before = site.cramped, site.starts()
    run = Begun(site.inventory(), "deploy.restart")
    wait_until(lambda: site.starts() != before or run.ended, "a node has restarted", most_s=_MOST_S)
    site.fill(node)
    full = f"{node} can't write its log; is its disk full?"
    wait_until(lambda: full in run.said or run.ended, "it waits for room", most_s=_MOST_S)
    waiting = site.starts()
    site.free(node)
    done = run.end()
    if not done.ok or full not in done.out or waiting[node] != before[node]:
        raise RuntimeError(f"exit {done.code}\n{done.out[-4000:]}")
    site.give_room(node)


UPGRADE = Row("upgrade 7.0 -> 8.0", upgrade)
ROWS = (
    UPGRADE,
    Row("rolling restart", restart),
    Row("configuration", configure),
    Row("new certificates", certify),
    Row("new passwords", rotate),
    Row("failover drill", fail_over),
    Row("add a host", add),
    Row("rebalance", rebalance, before=Site.unbalance),
    Row("remove a host", remove),
    Row("kill -9 of a master", kill_a_master, planned=False),
    Row("power-off of a host", power_off_a_host, planned=False),
    Row("partition that heals", part_a_host, planned=False),
    Row("disk full in a restart", fill_a_disk, planned=False, before=Site.cramp),
    Row("replace a host", replace, before=Site.lose_a_host),
    Row("restore", restore, at_work=False),
)
_NO_NEWS = ("rolling restart", "failover drill")
"""Another setting restarts all nodes, too, and each restart hands over its masters."""

EVERY_RUN = tuple(row for row in ROWS if row.operation not in _NO_NEWS)
"""The rows that are in every run of all tests."""


@contextmanager
def made(lab: Lab, folder: Path, rows: Sequence[Row]) -> Iterator[Site]:
    """A site with a cluster on it, as `deploy.stack` makes it: of an older Redis, if a row is about
    leaving that.
    """
    hosts = lab.hosts("ada", "bea", "cai", "dov")
    site = Site(hosts[:3], hosts[3], folder)
    if UPGRADE in rows:
        site.install_redis_of("bookworm")
    site.run("deploy.stack")
    site.hand_out_passwords()
    try:
        yield site
    finally:
        lab.remove(*hosts)


def try_out(row: Row, site: Site) -> Outcome:
    """One row of the table."""
    _log.info("%s", row.operation)
    row.before(site)
    what = (row.operation, lambda: row.operate(site), site.endpoint, site.folder)
    return under_load(*what, planned=row.planned) if row.at_work else after_load(*what)


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    names = [row.operation for row in ROWS]
    parser.add_argument("rows", nargs="*", metavar="ROW", help=f"of {names}; all by default")
    parser.add_argument("--json", action="store_true")
    given = parser.parse_args()
    if unknown := set(given.rows) - set(names):
        parser.error(f"there is no row {', '.join(map(repr, unknown))}; choose from {names}")
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(message)s", datefmt="%H:%M:%S")
    wanted = [row for row in ROWS if not given.rows or row.operation in given.rows]
    with (
        tempfile.TemporaryDirectory(prefix="rollouts-") as folder,
        Lab(Path(folder)) as lab,
        made(lab, Path(folder), wanted) as site,
    ):
        outcomes: list[Outcome] = []
        try:
            outcomes.extend(try_out(row, site) for row in wanted)
        finally:  # what was measured before a row that broke is worth as much
            if given.json:
                sys.stdout.write(as_json(outcomes) + "\n")
            else:
                show(outcomes)
    sys.exit(0 if all(outcome.good for outcome in outcomes) else 1)


if __name__ == "__main__":
    main()
