"""Failure detection: a node that doesn't answer is away, hands over, or only stalls."""

import asyncio
from collections.abc import Awaitable, Callable

from redis.asyncio.cluster import ClusterNode

from thoughtstream.store.calls import ERRORS

SILENCE_S = 0.4
"""An answer that takes longer may never come."""
_LOOK_S = 0.1
_AWAY_S = 2.0
"""Nobody stalls for so long whose disk or host is only busy."""


async def until_replaced(
    node: ClusterNode, is_replaced: Callable[[], Awaitable[bool]], *, was_silent: bool
) -> None:
    """Returns once another node has taken over from one that is away: it doesn't answer PING.

    One that is there will say where to go. A master that hands over keeps what is written until it
    knows to whom, and on a busy host others may know before it does (CLUSTER FAILOVER).
    `was_silent`: it didn't answer before either.
    """
    clock = asyncio.get_running_loop().time
    heard, ping = 0 if was_silent else clock(), asyncio.create_task(_answers(node))
    try:
        while True:
            if ping.done():
                heard = clock() if ping.result() else heard
                ping = asyncio.create_task(_answers(node))
            if clock() - heard > _AWAY_S and await is_replaced():
                return
            await asyncio.sleep(_LOOK_S)
    finally:
        ping.cancel()


async def _answers(node: ClusterNode) -> bool:
    try:
        return bool(await node.execute_command("PING"))
    except ERRORS:
        return False
