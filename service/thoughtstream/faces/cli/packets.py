"""`thoughtstream packets …`: what thoughtseeds found out, for the agents that want to know."""

from collections.abc import Callable
from typing import Annotated, Any

import typer

from thoughtstream import Colony, Packet
from thoughtstream.coordination.delivery import Delivery
from thoughtstream.faces.cli import event_loop, exit_codes, output, style
from thoughtstream.faces.cli.options import Json, examples
from thoughtstream.faces.plain import plain

Agent = Annotated[str, typer.Argument(help="The agent.")]
Domains = Annotated[list[str], typer.Argument(help="What it is about.")]


def send(
    seed: Annotated[str, typer.Argument(help="The thoughtseed that found it out.")],
    domain: Annotated[str, typer.Argument(help="What it is about.")],
    content: Annotated[str, typer.Argument(help="What it found out.")],
    to: Annotated[
        list[str] | None, typer.Option(help="An agent, beside those that subscribed; repeatable.")
    ] = None,
    activation: Annotated[float, typer.Option(help="0 to 1, the highest is read first.")] = 0.5,
    prediction_error: Annotated[float, typer.Option(help="How far off it was.")] = 0.0,
    surprise: Annotated[float, typer.Option(help="How surprising it is.")] = 0.0,
    layer: Annotated[str, typer.Option(help="Where in the seed's model.")] = "",
    json: Json = False,
) -> None:
    """Put a packet into the inboxes of agents; prints its id.

    They read it with `thoughtstream agents inbox`. Exits with 1 if a named agent or nobody at all
    gets it; then it is kept in the queue packets:undeliverable (`thoughtstream tasks audit`).
    """
    numbers = activation, prediction_error, surprise
    packet = Packet(seed, domain, content, *numbers, targets=tuple(to or ()), layer=layer)

    async def do() -> Delivery:
        async with Colony.connect() as colony:
            return await colony.dispatch(packet)

    said = event_loop.run(do())
    output.answer({"id": packet.id, **plain(said)}, json, lambda: _show(packet.id, said))
    if said.undeliverable:
        exit_codes.stop(exit_codes.FAILED)


def _show(id: str, said: Delivery) -> None:
    output.stdout.print(style.text(id))
    for name in said.delivered:
        output.stdout.print("[green]✓[/]", style.text(name))
    for name, why in said.undeliverable.items():
        output.stdout.print("[red]✗[/]", style.text(f"{name}: {why}" if name else why))


def show(
    id: Annotated[str, typer.Argument(help="The packet's id, as `send` printed it.")],
    json: Json = False,
) -> None:
    """Show a packet, for a day after it was sent."""

    async def do() -> Packet | None:
        async with Colony.connect() as colony:
            return await colony.packet(id)

    packet = event_loop.run(do())
    if packet is None:
        raise exit_codes.Failed(f"{id}: there is no such packet (any more); they go after a day")

    def show_it() -> None:
        for name, value in plain(packet).items():
            text = ", ".join(value) if isinstance(value, list) else str(value)
            output.stdout.print(style.text(f"{name}: {text}"), soft_wrap=True)

    output.answer(packet, json, show_it)


def subscribe(name: Agent, domains: Domains, json: Json = False) -> None:
    """Have an agent get the packets of these domains from now on."""

    async def do() -> None:
        async with Colony.connect() as colony:
            await colony.subscribe(name, *domains)

    event_loop.run(do())
    output.done({"agent": name, "subscribed": domains}, json, "subscribed", name)


def unsubscribe(name: Agent, domains: Domains, json: Json = False) -> None:
    """Have an agent no longer get the packets of these domains."""

    async def do() -> None:
        async with Colony.connect() as colony:
            await colony.unsubscribe(name, *domains)

    event_loop.run(do())
    output.done({"agent": name, "unsubscribed": domains}, json, "unsubscribed", name)


COMMANDS: dict[Callable[..., Any], str] = {
    send: examples(
        'thoughtstream packets send seed-1 physics "it falls" --to ana --activation 0.9',
        'thoughtstream packets send seed-1 physics "it bounces" --surprise 1.2 --json',
    ),
    show: examples("thoughtstream packets show b6f0c2", "thoughtstream packets show b6f0c2 --json"),
    subscribe: examples("thoughtstream packets subscribe ana physics chemistry"),
    unsubscribe: examples("thoughtstream packets unsubscribe ana physics"),
}
