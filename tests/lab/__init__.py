"""The lab: real hosts to deploy to, made on this machine and gone afterwards.

A host is a container with systemd as PID 1 and sshd: Debian 13 (`trixie`) or 12 (`bookworm`), on
a private network, reached over SSH with a key made for the run. Nothing that a deployment installs
is in it, though the packages are downloaded already. For tests, `tests/rollouts/conftest.py` has
the fixture `lab`:

    def test_it(lab: Lab) -> None:
        with lab.host(suite="trixie") as host:              # booted, SSH answers
            inventory = lab.inventory(host, runtime="native")
            assert control.pyinfra(inventory, "deploy.stack").changed   # as the operator runs it
            host.reboot()
            control.verify(inventory)

`engine` installs and starts Docker, `images` builds and caches, `lab` and `host` make hosts,
`control` runs what an operator runs. By hand: `python -m tests.lab prepare`, and `clean`, which
removes what crashed runs left (a run does so, too, when it starts).
"""
