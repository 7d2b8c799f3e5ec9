"""Libraries of Redis Functions: loaded where missing, on every server that is asked."""

import re
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Any

from redis.asyncio import Redis
from redis.exceptions import ResponseError

from thoughtstream.store.client import Client

_NAME = re.compile(r"#!lua name=(\w+)\n")
_LOADS = 3
"""A slot may move to a server without the library just when another has got it."""

_SHARED = tuple(
    (Path(__file__).parent / "lua" / f"{name}.lua").read_text()
    for name in ("common", "leases", "memories")
)
"""What every library has, in this order: a file uses those before it."""

Call = tuple[str, Sequence[str], Sequence[Any]]
"""A Function, its keys, its arguments."""


class Library:
    """Functions in `.lua` files beside the Python that calls them; several files are one library,
    which has what is in the files of `lua/`, too.

    The library's name carries its version; code of the same version that differs is replaced.
    A server that does not know a Function (new, failed over, FUNCTION FLUSH) gets the library and
    the call is made again: a Function that is unknown has not run.
    """

    def __init__(self, *files: Path) -> None:
        code = "\n".join(file.read_text() for file in files)
        match = _NAME.match(code)
        if match is None:
            raise ValueError(f"{files[0]}: the first line is not `#!lua name=…`")
        self.name = match[1]
        self.code = "\n".join((match[0], *_SHARED, code[match.end() :]))

    async def ensure(self, server: Redis) -> None:
        """Load the library unless the server has just this code. Source: FUNCTION LIST, LOAD."""
        found = await server.function_list(self.name, withcode=True)
        if not any(self.code in _texts(library) for library in found):
            await server.function_load(self.code, replace=True)

    async def call(
        self,
        redis: Client,
        function: str,
        keys: Sequence[str | bytes],
        args: Sequence[Any],
        *,
        read_only: bool = False,
        is_idempotent: bool = False,
    ) -> Any:
        """FCALL, or FCALL_RO; `is_idempotent`: again if its answer was lost. Errors are Redis's."""
        run: Any = partial(redis.execute_command, is_idempotent=is_idempotent)
        command = "FCALL_RO" if read_only else "FCALL"
        for _ in range(_LOADS):
            try:
                return await run(command, function, len(keys), *keys, *args)
            except ResponseError as error:
                if "Function not found" not in str(error):
                    raise
            await run("FUNCTION LOAD", "REPLACE", self.code, near=keys[0])
        return await run(command, function, len(keys), *keys, *args)

    async def call_all(
        self, redis: Client, calls: Sequence[Call], *, read_only: bool = False
    ) -> list[Any]:
        """Several at once, in one round trip a server. Errors are those of Redis: the first."""
        answers = await self.try_all(redis, calls, read_only=read_only)
        for answer in answers:
            if isinstance(answer, Exception):
                raise answer
        return answers

    async def try_all(
        self, redis: Client, calls: Sequence[Call], *, read_only: bool = False
    ) -> list[Any]:
        """As `call_all`; what goes wrong with one is its answer."""
        command = "FCALL_RO" if read_only else "FCALL"
        answers: list[Any] = [None] * len(calls)
        left = list(range(len(calls)))
        for _ in range(_LOADS + 1):
            if not left:
                break
            pipe: Any = redis.pipeline(transaction=False)
            for n in left:
                function, keys, args = calls[n]
                pipe.execute_command(command, function, len(keys), *keys, *args)
            for n, answer in zip(left, await pipe.execute(raise_on_error=False), strict=True):
                answers[n] = answer
            left = [n for n in left if _is_unknown(answers[n])]
            load: Any = redis.execute_command
            keys_left = (str(calls[n][1][0]) for n in left)
            for key in {redis.server_of(key): key for key in keys_left}.values():
                await load("FUNCTION LOAD", "REPLACE", self.code, near=key)
        return answers


def _is_unknown(answer: Any) -> bool:
    return isinstance(answer, ResponseError) and "Function not found" in str(answer)


def _texts(library: Any) -> list[Any]:
    return list(library.values()) if isinstance(library, dict) else list(library)
