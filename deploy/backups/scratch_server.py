"""A scratch server: a second Redis, on a copy of a log, which tells what that holds. Pure."""

from pathlib import Path
from shlex import quote

from deploy.backups.append_only_file import LOG
from deploy.runtimes.instances import SOCKET, Instance

PROGRAM = Path(__file__).with_name("keyspace.py").read_text()
"""Our program `keyspace`, which runs on the host."""


def with_scratch(instance: Instance, folder: str, *arguments: str, server: bool = False) -> str:
    """Runs `keyspace` against a scratch server on the folder, and prints what it prints. With
    `server` the program reaches the real server, too.

    The log is as it was afterwards: a server writes down the keys that expire.
    """
    scratch = instance.scratch(folder)
    socket = f"{folder}/{SOCKET}"
    program = instance.python(PROGRAM, *arguments, "--socket", socket, server=server)
    log = instance.inside(f"tail -n 5 {quote(folder)}/scratch.log")
    sizes = f"cd {quote(folder)}/{LOG} && wc -c *.aof | grep -v ' total$'"
    shrink = (
        f"cd {quote(folder)}/{LOG} && while read -r size f; do "
        'dd if=/dev/null of="$f" bs=1 seek="$size" 2>/dev/null; done'
    )
    return "\n".join(
        [
            "set -eu",
            f"sizes=$({instance.inside(sizes)})",
            f"away() {{ {scratch['stop']}; }}",
            "trap away EXIT",
            "trap 'exit 1' INT TERM HUP",
            scratch["start"],
            f"until {scratch['ready']}; do",
            f"  {scratch['alive']} || {{ {log} >&2; exit 1; }}",
            "  sleep 0.2",
            "done",
            program,
            "away",
            f'printf "%s\\n" "$sizes" | {instance.inside(shrink)}',
        ]
    )
