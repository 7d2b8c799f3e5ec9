"""The least that answers a request, and the least that writes to Redis for one: baselines for
`tests.bench.http`. Usage: python -m tests.bench.bare_http PORT < URL of Redis
"""

import sys
from typing import Any

import uvicorn
from redis.asyncio import Redis
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

WRITING = "/xadd"


async def hello(_: Request) -> Response:
    """What everybody measures."""
    return PlainTextResponse("hello")


async def write(request: Request) -> Response:
    """A body that nobody looks at, by the client library as it comes."""
    redis: Any = request.app.state.redis
    await redis.xadd("bare", {"content": await request.body()}, maxlen=1000)
    return PlainTextResponse("written")


def main() -> None:
    """Serve on loopback."""
    methods = ["GET", "POST"]
    app = Starlette(
        routes=[
            Route(WRITING, write, methods=methods),
            Route("/{path:path}", hello, methods=methods),
        ]
    )
    app.state.redis = Redis.from_url(sys.stdin.read())
    uvicorn.run(
        app, port=int(sys.argv[1]), http="httptools", loop="uvloop", access_log=False,
        log_level="error", server_header=False,
    )  # fmt: skip


if __name__ == "__main__":
    main()
