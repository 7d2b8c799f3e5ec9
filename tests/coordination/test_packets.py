"""Packets: to whom they name and to who subscribed, the most active first, none lost in silence."""

import json
from typing import Any

import pytest

from thoughtstream import keys
from thoughtstream.colony import Colony
from thoughtstream.coordination.packets import UNDELIVERABLE, Packet
from thoughtstream.errors import InvalidPacket
from thoughtstream.store.client import Client


async def test_a_packet_goes_to_its_targets_and_to_subscribers_once_each(
    colony: Colony, redis: Client
) -> None:
    for name in ("ana", "bo", "cy"):
        await colony.register(name)
    await colony.subscribe("bo", "physics")
    await colony.subscribe("cy", "chemistry")
    packet = Packet("seed 1", "physics", "it falls", targets=("ana", "bo"), surprise=0.5)
    for _ in range(2):
        delivery = await colony.dispatch(packet)
        assert (delivery.delivered, delivery.undeliverable) == (("ana", "bo"), {})
    for name in ("ana", "bo"):
        [message] = await colony.inbox(name, most=5)
        assert (message.sender, message.text, message.packet) == ("seed 1", "it falls", packet)
    assert await colony.inbox("cy") == []
    text: Any = await redis.get(f"thoughtseed:packet:{packet.id}")
    assert Packet.parse(json.loads(text)) == packet
    assert 86_000 < await redis.ttl(f"thoughtseed:packet:{packet.id}") <= 86_400


async def test_the_most_active_is_read_first(colony: Colony) -> None:
    await colony.register("ana")
    for activation in (0.1, 1.0, 0, 0.5, 0.5004):
        await colony.dispatch(Packet("s", "d", str(activation), activation, targets=("ana",)))
    read = [message.text for message in await colony.inbox("ana", most=9)]
    assert read == ["1.0", "0.5", "0.5004", "0.1", "0"]


async def test_what_cannot_be_delivered_is_kept_and_counted(colony: Colony, redis: Client) -> None:
    await colony.register("ana")
    await colony.register("bo")
    await colony.subscribe("bo", "d")
    await colony.leave("bo")
    delivery = await colony.dispatch(Packet("s", "d", "x", targets=("ana", "nobody", "")))
    assert delivery.delivered == ("ana",)
    assert set(delivery.undeliverable) == {"nobody", ""}
    assert not await redis.exists(keys.SUBSCRIBERS.key(domain="d")), "who left is no subscriber"
    await colony.dispatch(Packet("s", "d", "to nobody"))
    kept = colony.queue(UNDELIVERABLE)
    assert (await kept.audit()).waiting == 3
    claims = (await kept.round("me", claim=9)).claims
    assert [json.loads(claim.payload)["to"] for claim in claims] == ["", "nobody", ""]


async def test_a_packet_to_many_is_one_round_trip(
    colony: Colony, redis: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    names = [f"agent {number}" for number in range(100)]
    for name in names:
        await colony.register(name)
    await colony.dispatch(Packet("s", "d", "loads the library", targets=(names[0],)))
    trips: list[int] = []
    made: Any = colony.redis.pipeline

    def pipeline(*args: Any, **options: Any) -> Any:
        pipe = made(*args, **options)
        execute = pipe.execute

        async def counted(*args: Any, **options: Any) -> Any:
            trips.append(len(pipe))
            return await execute(*args, **options)

        pipe.execute = counted
        return pipe

    monkeypatch.setattr(colony.redis, "pipeline", pipeline)
    delivery = await colony.dispatch(Packet("s", "d", "x", targets=tuple(names)))
    assert len(delivery.delivered) == 100
    assert trips == [2, 100], "the packet and its subscribers, then all inboxes"


@pytest.mark.parametrize(
    ("wrong", "field"),
    [
        ({"activation": 1.1}, "activation"), ({"activation": float("nan")}, "activation"),
        ({"targets": "ana"}, "targets"), ({"domain": ""}, "domain"), ({"id": "a b"}, "id"),
    ],
)  # fmt: skip
def test_a_packet_that_can_be_none_is_refused(wrong: dict[str, Any], field: str) -> None:
    with pytest.raises(InvalidPacket, match=f"^{field}: "):
        Packet(**{"seed": "s", "domain": "d", "content": "c"} | wrong)
