"""Distillers as somebody else would write them."""

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


class NoDistiller:
    """Lacks the method."""
