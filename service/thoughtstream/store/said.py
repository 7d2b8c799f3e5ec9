"""What a server says of itself."""

from typing import Any

from redis.exceptions import ResponseError

from thoughtstream.store.outages import is_withheld


async def info_of(server: Any) -> dict[str, Any]:
    """INFO; where the server withholds it, the little of it that HELLO says: `redis_version`,
    `cluster_enabled` and `role`.
    """
    try:
        return dict(await server.info())
    except ResponseError as error:
        if not is_withheld(error):
            raise
    answer = await server.execute_command("HELLO")
    hello = (
        answer if isinstance(answer, dict) else dict(zip(answer[::2], answer[1::2], strict=True))
    )
    return {
        "redis_version": hello["version"],
        "cluster_enabled": int(hello["mode"] == "cluster"),
        "role": hello["role"],
    }
