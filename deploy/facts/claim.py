"""Whose a host is: what its file says, or else what a deployment before that file has left."""

from collections.abc import Sequence
from shlex import quote

from deploy.claim import Claim
from deploy.facts.base import ScriptFact, script
from deploy.layout import CLAIM, LAUNCH_DAEMONS, REDIS_DAEMON, SERVICE_UNIT, SYSTEMD


class ClaimsFact(ScriptFact[tuple[Claim, ...]]):
    """By the files in these directories; where there is none, each runtime and stack of which there
    is something.
    """

    def command(self, directories: Sequence[str]) -> str:
        unit = f'[ -e "{SYSTEMD}/{SERVICE_UNIT}-$name.service" ]'
        job = f"[ -e {LAUNCH_DAEMONS}/{REDIS_DAEMON}.plist ]"
        return script(
            f"for e in {' '.join(map(quote, directories))}; do",
            f'  [ -s "$e/{CLAIM}" ] && echo "file $(cat "$e/{CLAIM}")"',
            '  for c in "$e"/redis/redis.conf "$e"/redis-*/redis.conf; do',
            '    [ -e "$c" ] || continue',
            '    name=$(basename "$(dirname "$c")")',
            '    stack="cluster ${name#redis-}"',
            # With TLS, `port` is 0.
            "    port=$(sed -n -e 's/^tls-port //p' -e 's/^port //p' \"$c\" | grep -vx 0)",
            '    [ $name = redis ] && stack="server $port"',
            f'    {{ {unit} || {job}; }} && echo "native $stack"',
            '    [ -e "$e/compose.yaml" ] && echo "docker $stack"',
            "  done",
            "done",
        )

    def process(self, output: list[str]) -> tuple[Claim, ...]:
        files = [line.removeprefix("file ") for line in output if line.startswith("file ")]
        if written := [claim for text in files if (claim := Claim.parse(text))]:
            return tuple(written)
        ports: dict[tuple[str, str], int] = {}
        for line in output:
            runtime, _, rest = line.partition(" ")
            stack, _, port = rest.partition(" ")
            if port.isdigit() and runtime != "file":
                key = (runtime, stack)
                ports[key] = min(int(port), ports.get(key, int(port)))
        return tuple(Claim(runtime, stack, port) for (runtime, stack), port in ports.items())

    @staticmethod
    def default() -> tuple[Claim, ...]:
        return ()
