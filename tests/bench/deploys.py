"""What a deployment costs that has nothing to do, beside Ansible's.

    git clone https://github.com/geerlingguy/ansible-role-redis
    uv run python -m tests.bench.deploys --role ansible-role-redis [--ansible PROGRAM] [--times 5]

Hosts of the lab (`tests/lab`: it needs Docker) get a stack: one host of its own, and three with a
cluster of six nodes. Then `deploy.stack` is run again and again, and has to say each time that it
changed nothing. On the first host Ansible does the same with a role that brings Redis alone: no
service, no users, no page. The median of each counts; the ratio is ours ÷ Ansible's.
"""

import argparse
import os
import statistics
import subprocess
import tempfile
import time
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path

from tests.bench.figures import show
from tests.lab.control import Done
from tests.lab.host import Host
from tests.lab.lab import Lab
from tests.rollouts.clusters import SETTINGS, Cluster
from tests.rollouts.deployment import Deployment, ssh_config

_PLAY = """
- hosts: all
  become: true
  roles: [redis]
"""
_ANSIBLE_S = 300


def measure(role: Path, ansible: str, times: int) -> dict[str, float]:
    """The figures by name."""
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="deploys-")))
        lab = stack.enter_context(Lab(folder))
        theirs = _theirs(lab.host("theirs"), folder / "ansible", role, ansible)
        one = _one(lab.host("one"), folder / "one")
        found = {
            "one host, s": _median(one, times),
            "one host by Ansible (Redis alone), s": _median(theirs, times),
        }
        found["ours ÷ Ansible's"] = found["one host, s"] / found[next(reversed(found))]
        cluster = _cluster(lab, folder / "cluster")
        found["a cluster of six nodes on three hosts, s"] = _median(cluster, times)
    return found


def _median(run: Callable[[], str], times: int) -> float:
    """Of runs after a first one; `run` says what was changed, if anything was."""
    run()
    took = list[float]()
    for _ in range(times):
        began = time.monotonic()
        changed = run()
        took.append(time.monotonic() - began)
        assert not changed, changed
    return statistics.median(took)


def _one(host: Host, folder: Path) -> Callable[[], str]:
    folder.mkdir()
    deployment = Deployment(host, folder, runtime="native", redis={"maxmemory": "64mb"})
    return lambda: _changed(deployment.deploy())


def _cluster(lab: Lab, folder: Path) -> Callable[[], str]:
    folder.mkdir()
    cluster = Cluster(lab.hosts("c1", "c2", "c3"), folder, SETTINGS | {"web": {"enabled": True}})
    return lambda: _changed(cluster.run())


def _changed(done: Done) -> str:
    """The plan of a run that changed something."""
    return "\n".join(done.plan) if done.changed else ""


def _theirs(host: Host, folder: Path, role: Path, ansible: str) -> Callable[[], str]:
    """On a host of its own: both would configure the same Redis."""
    host.exec(
        "apt-get update -q && apt-get install -yq python3"
    )  # Ansible needs it, pyinfra doesn't
    (folder / "roles").mkdir(parents=True)
    (folder / "roles/redis").symlink_to(role.absolute())
    (folder / "play.yml").write_text(_PLAY)
    secured = f"-F {ssh_config(folder, host)} -o ControlMaster=auto -o ControlPersist=60s"
    settings = {
        "ANSIBLE_PIPELINING": "1",  # its own advice for speed
        "ANSIBLE_SSH_ARGS": secured,
        "ANSIBLE_NOCOWS": "1",
    }

    def run() -> str:
        done = subprocess.run(
            [ansible, "-i", f"{host.name},", "play.yml"],
            cwd=folder, env=os.environ | settings, capture_output=True, text=True,
            timeout=_ANSIBLE_S,
        )  # fmt: skip
        assert done.returncode == 0, done.stdout + done.stderr
        return "" if "changed=0" in done.stdout else done.stdout

    return run


def main() -> None:
    """Measure and show."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--role", type=Path, required=True, help="the folder of the role")
    parser.add_argument("--ansible", default="ansible-playbook", help="the program")
    parser.add_argument("--times", type=int, default=5)
    parser.add_argument("--json", action="store_true")
    given = parser.parse_args()
    show(measure(given.role, given.ansible, given.times), as_json=given.json)


if __name__ == "__main__":
    main()
