"""What a program pays for attending its minds itself, beside one that leaves it to a service.

    python -m tests.bench.attending [--seconds 10] [--json]

Each is a process of its own that connects to one mind, thinks once, and waits: the CPU time until
then, the memory it has (RSS), and the part of a core that it uses while nothing happens. The first
row is Python itself.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path

from rich.console import Console
from rich.table import Table

from tests.servers import WHEEL, RedisServer, programs

_PROGRAM = """
import asyncio, os, sys, time
import psutil
url, attend, seconds = sys.argv[1], sys.argv[2], float(sys.argv[3])
me = psutil.Process()
cpu = lambda: sum(me.cpu_times()[:2])

async def wait():
    begun = cpu()
    await asyncio.sleep(seconds)
    print(begun, me.memory_info().rss, (cpu() - begun) / seconds)

async def think():
    from thoughtstream import Mind
    async with Mind.connect("ana", url, attend=attend == "itself") as mind:
        await mind.think("the kettle is on")
        await wait()

asyncio.run(wait() if attend == "python" else think())
"""


def _measured(url: str, attend: str, seconds: float, home: Path) -> dict[str, float]:
    command = [sys.executable, "-W", "ignore", "-c", _PROGRAM, url, attend, str(seconds)]
    environment = os.environ | {"THOUGHTSTREAM_HOME": str(home), "THOUGHTSTREAM_LOG": "json"}
    done = subprocess.run(command, check=True, capture_output=True, text=True, env=environment)
    begun, rss, idle = map(float, done.stdout.split()[-3:])
    return {"start_cpu_s": begun, "rss_mb": rss / 2**20, "idle_core": idle}


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=10)
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as directory:
        server = RedisServer(programs()[WHEEL], Path(directory)).start()
        try:
            found = {
                attend: _measured(server.url, attend, options.seconds, Path(directory))
                for attend in ("python", "a service", "itself")
            }
        finally:
            server.stop()
    if options.json:
        print(json.dumps(found))  # noqa: T201
        return
    table = Table("who attends", "start, CPU s", "RSS, MB", "idle, of a core")
    for attend, figures in found.items():
        table.add_row(attend, *(f"{figure:.3g}" for figure in figures.values()))
    Console().print(table)


if __name__ == "__main__":
    main()
