"""What the heartbeats of many agents cost Redis, and a packet to many of them.

python -m tests.bench.agents [--agents 1000] [--processes 20] [--seconds 30] [--json]

The agents are those of so many processes: agents of one process beat together. Each beats at the
default interval, and looks after the others as it does in life. Measured is the CPU time of the
Redis process, less what it uses when nobody is there; beside it, what it is with each agent in a
process of its own, and what as many bare SETs of the same status cost then.
"""

import argparse
import asyncio
import json
import random
import statistics
import tempfile
import time
from pathlib import Path
from typing import Any

import psutil
from rich.console import Console

from tests.servers import RedisServer, programs
from thoughtstream.config import AgentsConfig, QueueConfig, RedisConfig
from thoughtstream.coordination.agents import Agents, Identity
from thoughtstream.coordination.delivery import Packets
from thoughtstream.coordination.packets import Packet
from thoughtstream.store.client import Client
from thoughtstream.store.connection import connect

_BEAT_S = AgentsConfig().beat_s
_TARGETS = 100
_PACKETS = 200

Group = tuple[Agents, list[Identity]]
"""The agents of one process."""


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--agents", type=int, default=1000)
    parser.add_argument("--processes", type=int, default=20)
    parser.add_argument("--seconds", type=float, default=30)
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as directory:
        server = RedisServer(programs()[max(programs())], Path(directory)).start()
        try:
            answer = asyncio.run(_measure(server, options))
        finally:
            server.stop()
    if options.json:
        print(json.dumps(answer))  # noqa: T201
        return
    out = Console()
    for name, value in answer.items():
        out.print(f"{name:26} {value:.4g}")


async def _measure(server: RedisServer, options: argparse.Namespace) -> dict[str, Any]:
    redis = connect(RedisConfig(url=server.url))
    process, count, seconds = psutil.Process(server.pid), options.agents, options.seconds
    names = [f"thoughtseed_{number:04}" for number in range(count)]
    try:
        idle = await _core_share(process, asyncio.sleep(min(seconds, 5)))
        shares, took, alive = list[float](), list[float](), list[int]()
        for processes in (options.processes, count):
            groups = await _born(redis, names, processes)
            await _beat_all(groups, 2 * _BEAT_S, [])  # they find out how many they are
            took.clear()
            shares.append(await _core_share(process, _beat_all(groups, seconds, took)))
            states = [status.state for status in await groups[0][0].all()]
            alive.append(states.count("idle"))
        text = str(await redis.get(f"agent_status:{names[0]}"))
        bare = await _core_share(process, _set_all(redis, text, len(took) / seconds, seconds / 2))
        return {
            "agents": count,
            "processes": options.processes,
            "heartbeats_per_s": len(took) / seconds,
            "heartbeats_core_share": shares[0] - idle,
            "lone_heartbeats_core_share": shares[1] - idle,
            "bare_sets_core_share": bare - idle,
            "lone_heartbeat_p50_ms": statistics.median(took) * 1000,
            "alive_at_the_end": min(alive),
            "packet_to_100_p50_ms": await _packet_ms(redis, names[:_TARGETS]),
        }
    finally:
        await redis.aclose()


async def _born(redis: Client, names: list[str], processes: int) -> list[Group]:
    """The agents, by process."""
    groups = [(Agents(redis, AgentsConfig()), list[Identity]()) for _ in range(processes)]
    for number, name in enumerate(names):
        agents, who = groups[number % processes]
        who.append(await agents.register(name, ["python", "review"], holder="x", takeover=True))
    return groups


async def _core_share(process: psutil.Process, work: Any) -> float:
    """Which part of a core a process uses while this goes on."""
    before, began = process.cpu_times(), time.monotonic()
    await work
    after, ended = process.cpu_times(), time.monotonic()
    used = after.user - before.user + after.system - before.system
    return float(used / (ended - began))


async def _beat_all(groups: list[Group], seconds: float, took: list[float]) -> None:
    """Every agent beats; those of a process at once, the processes each at times of their own."""
    end = time.monotonic() + seconds

    async def live(agents: Agents, identity: Identity, phase_s: float) -> None:
        await asyncio.sleep(phase_s)
        while time.monotonic() < end:
            began = time.monotonic()
            await agents.beat(identity)
            took.append(time.monotonic() - began)
            await asyncio.sleep(_BEAT_S - (time.monotonic() - began))

    lives = [
        live(agents, identity, phase_s)
        for agents, who in groups
        for phase_s in (random.uniform(0, _BEAT_S),)
        for identity in who
    ]
    beating = [asyncio.create_task(one) for one in lives]
    await asyncio.sleep(max(end - time.monotonic(), 0))
    for task in beating:
        task.cancel()
    await asyncio.wait(beating)


async def _set_all(redis: Client, text: str, per_s: float, seconds: float) -> None:
    end, number = time.monotonic() + seconds, 0
    while time.monotonic() < end:
        number += 1
        next_one = asyncio.create_task(asyncio.sleep(1 / per_s))
        await redis.set(f"bare:{number % 1000}", text)
        await next_one


async def _packet_ms(redis: Client, names: list[str]) -> float:
    packets, took = Packets(redis, QueueConfig()), list[float]()
    for _ in range(_PACKETS):
        began = time.monotonic()
        delivery = await packets.dispatch(Packet("seed", "bench", "x" * 100, targets=tuple(names)))
        took.append(time.monotonic() - began)
        assert len(delivery.delivered) == len(names)
    return statistics.median(took) * 1000


if __name__ == "__main__":
    main()
