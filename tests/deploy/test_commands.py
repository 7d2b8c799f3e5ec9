"""Shell commands, to the letter. No password is in any of them."""

import fcntl
import os
import pty
import subprocess
import termios
from pathlib import Path

from deploy.commands import (
    RedisCli,
    build_image,
    compose,
    install_release,
    pull_image,
    refuse_writes,
    start_daemon,
    start_unit,
)
from deploy.layout import linux_docker, linux_native
from deploy.passwords import apply_masterauth, make_password, put_masterauth, put_secret
from tests.servers import wait_until


def test_redis_cli() -> None:
    assert RedisCli(linux_native(), 6379)("config", "set", "maxmemory", "1gb") == (
        'REDISCLI_AUTH="$(cat /etc/thoughtstream/secrets/admin)" redis-cli --user admin '
        "--no-auth-warning -e -h 127.0.0.1 -p 6379 config set maxmemory 1gb"
    )


def test_redis_cli_in_a_container() -> None:
    assert RedisCli(linux_docker(), 6380, container=True)("ping", role="monitor") == (
        'REDISCLI_AUTH="$(cat /etc/thoughtstream/redis/monitor.password)" docker exec -i '
        "-e REDISCLI_AUTH thoughtstream-redis redis-cli --user monitor --no-auth-warning -e "
        "-p 6380 ping"
    )


def test_questions_go_over_one_connection() -> None:
    assert RedisCli(linux_native(), 6379).ask("acl list", "info server") == (
        "printf 'acl list\\ninfo server' | "
        'REDISCLI_AUTH="$(cat /etc/thoughtstream/secrets/admin)" redis-cli --user admin '
        "--no-auth-warning -e -h 127.0.0.1 -p 6379 --json"
    )


def test_writes_are_refused_for_half_a_minute_at_most(tmp_path: Path) -> None:
    """Also where a terminal is closed meanwhile, as sudo's (`use_pty`) is once its command ends.
    What stands for half a minute is until then.
    """
    said = f'case "$*" in *ping) echo PONG;; *) echo "$@" >>{tmp_path}/asked;; esac'
    closed = f"until [ -e {tmp_path}/closed ]; do /bin/sleep 0.02; done"
    waited = f'echo "sleep $1" >>{tmp_path}/asked; {closed}'
    for name, line in {"redis-cli": said, "sleep": waited}.items():
        (tmp_path / name).write_text(f"#!/bin/sh\n{line}\n")
        (tmp_path / name).chmod(0o755)
    command = refuse_writes(RedisCli(linux_native(), 6379))
    env = {"PATH": f"{tmp_path}:/usr/bin:/bin"}
    ours, theirs = pty.openpty()
    subprocess.run(
        ["sh", "-c", command], env=env, check=True, stdin=theirs, stderr=subprocess.DEVNULL,
        start_new_session=True, preexec_fn=lambda: fcntl.ioctl(0, termios.TIOCSCTTY, 0),
    )  # fmt: skip
    os.close(ours)
    os.close(theirs)
    (tmp_path / "closed").touch()

    def asked() -> list[str]:
        lines = (tmp_path / "asked").read_text().splitlines()
        return [line.partition("6379 ")[2] or line for line in lines]

    set_ = "config set min-replicas-to-write"
    wait_until(lambda: asked() == [f"{set_} 1", "sleep 30", f"{set_} 0"], "writes are taken again")


def test_compose() -> None:
    assert compose(linux_docker(), "up", "--detach", "redis") == (
        "docker compose -f /etc/thoughtstream/compose.yaml up --detach redis"
    )


def test_an_image_is_pulled_by_its_digest_and_known_by_its_tag() -> None:
    assert pull_image("redis:8.2", "redis:8.2") == "docker pull --quiet redis:8.2"
    assert pull_image("redis:8.2", "redis:8.2@sha256:a") == (
        "docker pull --quiet redis:8.2@sha256:a && docker tag redis:8.2@sha256:a redis:8.2"
    )


def test_image() -> None:
    assert build_image("/opt/t/r.tar", folder="/opt/t/build", tag="thoughtstream:r") == (
        "tar -xf /opt/t/r.tar -C /opt/t/build && "
        "docker build --quiet --network none --tag thoughtstream:r /opt/t/build && "
        "rm -rf /opt/t/build /opt/t/r.tar && "
        "{ docker image ls --format '{{.Repository}}:{{.Tag}}' thoughtstream | "
        "grep -v thoughtstream:r | xargs docker image rm >/dev/null 2>&1; "
        "docker image prune --force --filter label=thoughtstream.image >/dev/null 2>&1 || true; }"
    )


def test_release() -> None:
    command = install_release(
        "/opt/t/r.tar",
        releases="/opt/t/releases",
        release="r",
        python="/usr/bin/python3",
        current="/opt/t/current",
    )

    assert command.split(" && ") == [
        "umask 022",
        "home=/opt/t/releases/r",
        'rm -rf "$home"',
        'mkdir -p "$home"',
        'tar -xf /opt/t/r.tar -C "$home"',
        '/usr/bin/python3 -m venv --without-pip "$home"/venv',
        'pip=$(echo "$home"/wheels/pip-*.whl)',
        '"$home"/venv/bin/python "$pip"/pip install --quiet --no-index --find-links "$home"/wheels '
        "--no-cache-dir --disable-pip-version-check --require-hashes "
        '--requirement "$home"/wheels/requirements.txt',
        'rm -rf "$home"/wheels',
        'ln -sfn "$home"/venv /opt/t/current.new',
        "/usr/bin/python3 -c 'import os, sys; os.replace(*sys.argv[1:])' "
        "/opt/t/current.new /opt/t/current",
        "rm -f /opt/t/r.tar",
        "cd /opt/t/releases",
        "ls -1t | tail -n +4 | xargs rm -rf",
    ]


def test_unit() -> None:
    assert start_unit("thoughtstream", restart=True) == (
        "systemctl reset-failed thoughtstream 2>/dev/null; systemctl restart thoughtstream || true"
    )
    assert start_unit("thoughtstream", restart=False, own=True) == (
        "systemctl --user reset-failed thoughtstream 2>/dev/null; "
        "systemctl --user start thoughtstream || true"
    )


def test_daemon() -> None:
    assert start_daemon("system", "io.x", "/Library/LaunchDaemons/io.x.plist") == (
        "launchctl enable system/io.x && { launchctl bootout system/io.x 2>/dev/null; n=0; "
        "until launchctl bootstrap system /Library/LaunchDaemons/io.x.plist 2>/dev/null; do "
        "n=$((n + 1)); [ $n -lt 70 ] || "
        "{ launchctl bootstrap system /Library/LaunchDaemons/io.x.plist; exit 1; }; "
        "sleep 1; done; } && launchctl kickstart system/io.x"
    )


def test_a_secret_is_made_once_and_not_printed(tmp_path: Path) -> None:
    path = tmp_path / "it's a secret"
    command = make_password(str(path), user="root", group="root", mode=0o600)

    said = subprocess.run(["sh", "-c", command], capture_output=True, check=True)
    secret = path.read_text()
    subprocess.run(["sh", "-c", command], check=True)

    assert said.stdout + said.stderr == b""
    assert len(bytes.fromhex(secret)) == 32
    assert path.read_text() == secret
    assert path.stat().st_mode & 0o777 == 0o600
    assert list(tmp_path.iterdir()) == [path]


def test_a_secret_comes_by_standard_input_and_is_whole_at_once(tmp_path: Path) -> None:
    path, conf = tmp_path / "it's a secret", tmp_path / "masterauth.conf"
    command = put_secret(str(path), user="root", group="root", mode=0o640)
    said = subprocess.run(["sh", "-c", command], input=b"s3cret", capture_output=True, check=True)
    command = put_masterauth(str(path), str(conf), user="root", group="root", mode=0o640)
    subprocess.run(["sh", "-c", command], check=True)

    assert said.stdout + said.stderr == b""
    assert (path.read_text(), conf.read_text()) == ("s3cret", "masterauth s3cret\n")
    assert {each.stat().st_mode & 0o777 for each in tmp_path.iterdir()} == {0o640}
    assert sorted(tmp_path.iterdir()) == [path, conf]
    assert apply_masterauth(RedisCli(linux_native(), 7001), str(path)).startswith("cat '")
