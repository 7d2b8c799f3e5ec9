"""Passwords are in their files, readable by whom they are for, and nowhere else."""

from shlex import quote

from deploy.facts.files import PathsFact
from deploy.runtimes.docker import Docker
from deploy.runtimes.prometheus import PROGRAM

from .deployed_host import ServerHost


def test_passwords_are_long_and_of_their_own(server: ServerHost) -> None:
    secrets = server.secrets()

    assert len(set(secrets.values())) == len(server.deployed.secrets.roles)
    assert all(len(bytes.fromhex(secret)) == 32 for secret in secrets.values())


def test_no_other_user_of_the_host_can_read_them(server: ServerHost) -> None:
    files = [*server.deployed.secrets.files.values(), *_masterauth(server)]

    for path in files:
        assert not server.succeeds(f"runuser -u nobody -- cat {quote(path)}"), path
    assert server.read(PathsFact, files).keys() == set(files)


def test_passwords_stand_nowhere_else(server: ServerHost) -> None:
    places = {"processes": "ps axww -o args", "settings": f"cat {_settings(server)}"}
    if isinstance(server.deployed, Docker):
        places["containers"] = "docker container inspect $(docker ps -aq)"
        places["images"] = _each(
            "docker image history --no-trunc", "docker images -q thoughtstream"
        )
        places["logs"] = _each("docker logs", "docker ps -aq")
    elif server.machine.systemd:
        units = " ".join((*server.deployed.specs, *server.deployed.own_units))
        places["units"] = f"systemctl show {units}"
        places["logs"] = "journalctl --boot --output cat"
    secrets = server.secrets()

    for place, command in places.items():
        said = server.sh(command)
        assert said, place
        assert [role for role, secret in secrets.items() if secret in said] == [], place


def _masterauth(server: ServerHost) -> list[str]:
    """The file that redis.conf includes: it has the password of `replica`."""
    return [server.deployed.layout.masterauth] if server.stack.cluster else []


def _each(command: str, ids: str) -> str:
    return f"for id in $({ids}); do {command} $id 2>&1; done"


def _settings(server: ServerHost) -> str:
    """Every file that the deployment wrote and that isn't a password."""
    secrets = {*server.deployed.secrets.files.values(), *_masterauth(server)}
    paths = set(server.deployed.watch().paths) - secrets - {PROGRAM}
    there = server.read(PathsFact, sorted(paths))
    return " ".join(quote(path) for path, state in there.items() if state.sha256)
