"""What is where, and what to type next: the last words of a deployment."""

from collections.abc import Iterator

from deploy.commands import RedisCli
from deploy.layout import HomeLayout, Layout
from deploy.settings import Stack
from deploy.steps import Tell


def on_server(layout: Layout, stack: Stack, cli: RedisCli) -> Tell:
    """On a server."""
    others = f" to {cli.port + stack.cluster.nodes - 1}" if stack.cluster else ""
    address = f"{stack.redis.local_address}:{cli.port}{others}"
    lines = [
        f"Redis     {address} (its admin's password is in {layout.secret('admin')})",
        f"settings  {cli.layout.redis_conf}, {layout.toml}",
        f"next      sudo {layout.command} status; sudo {layout.command} watch",
        *_page(layout, stack),
    ]
    if stack.runtime == "docker" and stack.docker.insight:
        lines.insert(1, f"insight   http://127.0.0.1:{stack.docker.insight_port}")
    return Tell("\n".join(lines))


def _page(layout: Layout, stack: Stack) -> Iterator[str]:
    """How to open it; its address, which has a token, is told on the host only."""
    if not stack.web.enabled:
        return
    yield f"page      sudo {layout.command} open --print   prints its address, with your token"
    if stack.web.bind.is_loopback:
        port = stack.web.port
        yield f"          from elsewhere, first: ssh -L {port}:localhost:{port} HOST"


def at_home(layout: HomeLayout, supervisor: str) -> Tell:
    """In somebody's home."""
    return Tell(
        "\n".join(
            [
                f"home      {layout.home} (settings, data, logs), kept running by {supervisor}",
                "next      uv run thoughtstream open   or, here, uv run thoughtstream watch",
                '          uv run thoughtstream think "hello"   or   uv run thoughtstream sense',
                "stop      uv run thoughtstream down",
            ]
        )
    )
