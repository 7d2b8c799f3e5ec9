"""Distillers as somebody else would write them."""

import asyncio
from collections.abc import Sequence


class Counting:
    """Says how often, and what."""

    async def distil(self, contents: Sequence[str]) -> str:
        return f"{len(contents)} times: {contents[0]} (déjà vu)"


class Silent:
    """Finds nothing in anything."""

    async def distil(self, contents: Sequence[str]) -> str:
        return ""


class Broken:
    """Fails."""

    async def distil(self, contents: Sequence[str]) -> str:
        raise RuntimeError("the model is not at home")


class Held:
    """The first that is asked says nothing until it is told to go on."""

    go = asyncio.Event()
    asked = 0

    async def distil(self, contents: Sequence[str]) -> str:
        Held.asked += 1
        if Held.asked == 1:
            await Held.go.wait()
        return contents[0]


class Stuck:
    """Never says anything."""

    async def distil(self, contents: Sequence[str]) -> str:
        await asyncio.Event().wait()
        return ""


class NoDistiller:
    """Lacks the method."""
