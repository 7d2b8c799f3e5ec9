"""What a backup and a restore do with Redis's log, the append-only file: shell scripts, pure.

Redis only ever appends to the last file of its log or replaces whole files, so hard links to them
stay what they are but for that file's end; of it, as much is copied as was there.
"""

from shlex import quote

from deploy.backups.manifest import File
from deploy.runtimes.instances import Instance

LOG = "appendonlydir"
_SUMS = "{ sha256sum * 2>/dev/null || shasum -a 256 *; }"
_TRIES = 600
WHOLE = "whole"


def freeze(instance: Instance, folder: str, *, percentage: int) -> str:
    """Links the log's files into a new folder while no rewrite can replace them.

    `percentage` is what the inventory says of rewrites: it is set again at the end whatever
    happened, also by the next backup after one that was killed.
    """
    rewrites = "auto-aof-rewrite-percentage"
    info = f"{instance.cli('info', 'persistence')} | tr -d '\\r'"
    idle = "grep -c -x -e aof_rewrite_in_progress:0 -e aof_rewrite_scheduled:0 -e aof_enabled:1"
    link = instance.inside(_link(instance.data, folder))
    return "\n".join(
        [
            "set -eu",
            f"back() {{ {instance.cli('config', 'set', rewrites, str(percentage))} >/dev/null; }}",
            "trap back EXIT",
            "trap 'exit 1' INT TERM HUP",
            f"{instance.cli('config', 'set', rewrites, '0')} >/dev/null",
            "n=0",
            f'until [ "$({info} | {idle})" = 3 ]; do',
            "  n=$((n + 1))",
            f"  [ $n -lt {_TRIES} ] || {{ echo 'a rewrite of the log still runs' >&2; exit 1; }}",
            "  sleep 1",
            "done",
            link,
            "date +%s",
        ]
    )


def _link(data: str, folder: str) -> str:
    return "\n".join(
        [
            "set -eu",
            "umask 077",
            # Of runs that were cut off: links keep files on the disk that Redis has replaced.
            f"rm -rf {quote(data)}/backup-*",
            f"mkdir -p {quote(folder)}/{LOG}",
            f"cd {quote(data)}/{LOG}",
            f"cp *.manifest {quote(folder)}/{LOG}",
            "for f in $(awk '$6 != \"h\" {print $2}' *.manifest); do",
            f'  ln "$f" {quote(folder)}/{LOG}/"$f"',
            "done",
            "last=$(awk '$6 == \"i\" {f = $2} END {print f}' *.manifest)",
            f'wc -c <"$last" | tr -d " " >{quote(folder)}/size',
            f'echo "$last" >{quote(folder)}/last',
        ]
    )


def settle(instance: Instance, folder: str) -> str:
    """Makes the links a log of its own, of which the last file is a copy. Prints `WHOLE`, or what
    is wrong with it: it was caught in the middle of a write, or Redis has torn it, which it does on
    a full disk and doesn't notice.
    """
    return instance.inside(
        "\n".join(
            [
                "set -eu",
                "umask 077",
                f"cd {quote(folder)}/{LOG}",
                "last=$(cat ../last); size=$(cat ../size)",
                'head -c "$size" "$last" >../copy',
                'mv -f ../copy "$last"',
                f"chown -R {instance.owner} {quote(folder)}",
                "rm ../last ../size",
                f"if ( {_check()} ) 2>&1; then echo {WHOLE}; fi",
            ]
        )
    )


def _check(option: str = "") -> str:
    """`redis-check-aof`, which tells of errors on its standard output."""
    return (
        f"{{ echo y | redis-check-aof {option} *.manifest >../check.log 2>&1; }} || "
        "{ tail -n 2 ../check.log >&2; exit 1; }; rm -f ../check.log"
    )


def summary(instance: Instance, folder: str) -> str:
    """Lines of `sha256  bytes  file` of a settled log, then `since T`: its first timestamp."""
    return instance.inside(
        "\n".join(
            [
                "set -eu",
                f"cd {quote(folder)}/{LOG}",
                f"{_SUMS} | while read -r sum f; do",
                '  echo "$sum $(wc -c <"$f" | tr -d " ") $f"',
                "done",
                "last=$(awk '$6 == \"i\" {f = $2} END {print f}' *.manifest)",
                # Not always its first line: Redis goes on without one within the same second.
                'found=$(LC_ALL=C sed -n "/^#TS:/{s/^#TS:\\([0-9]*\\).*/\\1/p;q;}" "$last")',
                'echo "since $found"',
            ]
        )
    )


def summed(text: str) -> tuple[dict[str, File], int | None]:
    """What `summary` printed: the files, and the first timestamp."""
    *lines, last = text.splitlines()
    files = {}
    for line in lines:
        sha256, size, name = line.split(maxsplit=2)
        files[name] = File(bytes=int(size), sha256=sha256)
    since = last.partition(" ")[2]
    return files, int(since) if since else None


def pack(instance: Instance, folder: str) -> str:
    """The settled log as a tar archive on standard output."""
    return instance.inside(f"tar -C {quote(folder)} -cf - {LOG}")


def remove(instance: Instance, folder: str) -> str:
    """Removes a folder."""
    return instance.inside(f"rm -rf {quote(folder)}")


def tidy(instance: Instance) -> str:
    """Removes what restores that were cut off have left."""
    return instance.inside(f"rm -rf {quote(instance.data)}/restore-*")


def unpack(instance: Instance, folder: str) -> str:
    """A folder of the archive on standard input."""
    return instance.inside(
        f"set -eu; umask 077; mkdir -p {quote(folder)}; tar -C {quote(folder)} -xf -; "
        f"chown -R {instance.owner} {quote(folder)}"
    )


def check(instance: Instance, folder: str, option: str = "") -> str:
    """Has `redis-check-aof` read an unpacked log; with an option, change it."""
    return instance.inside(
        f"set -eu; cd {quote(folder)}/{LOG}\n{_check(option)}\n"
        f"chown -R {instance.owner} {quote(folder)}"
    )


def swap(instance: Instance, folder: str, aside: str) -> str:
    """Puts the folder's log in the place of the server's, which is stopped; the old is kept."""
    data = quote(instance.data)
    return instance.inside(
        "\n".join(
            [
                "set -eu",
                f"cd {data}",
                f"mkdir -p {quote(aside)}",
                f"for f in {LOG} dump.rdb; do [ ! -e $f ] || mv $f {quote(aside)}/; done",
                f"mv {quote(folder)}/{LOG} {LOG}",
                f"chown -R {instance.owner} {LOG} {quote(aside)}",
                f"rm -rf {quote(folder)}",
            ]
        )
    )


def room(instance: Instance) -> str:
    """`used=`: kilobytes of the log, `free=`: of the disk that it is on."""
    return instance.inside(
        f"cd {quote(instance.data)} && echo used=$(du -sk {LOG} | cut -f 1) && "
        "echo free=$(df -Pk . | awk 'NR == 2 {print $4}')"
    )
