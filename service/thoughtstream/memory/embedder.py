"""What a text means, as a vector: by any model that somebody names in the settings."""

import importlib.util
from collections.abc import Awaitable, Sequence
from pkgutil import resolve_name
from typing import Protocol

from thoughtstream.config import ConfigError
from thoughtstream.errors import ThoughtstreamError
from thoughtstream.memory.models import Location
from thoughtstream.memory.streams import Streams
from thoughtstream.store.client import Client

Vectors = Sequence[Sequence[float]]
"""One vector a text, all of one length: lists of numbers, or the rows of a numpy array."""


class EmbedderFailed(ThoughtstreamError):
    """The embedder raised an error, or gave no vectors; it can be asked again."""


class Embedder(Protocol):
    """Turns texts into vectors that are near each other where the texts mean the same."""

    def embed(self, texts: Sequence[str]) -> Vectors | Awaitable[Vectors]:
        """The vectors of these texts, which may be empty, in their order; a text of which it knows
        nothing has zeros. It is called in a thread; it may be `async`, and then is awaited.

        The same text always has the same vector. Another class is another space: memories get new
        vectors when the setting changes.
        """


class Near(Protocol):
    """How near memories are to a question."""

    def of(self, location: Location) -> float | None:
        """The cosine of a memory and the question, -1..1; None if it has no vector (yet)."""

    def best(self, limit: int, kind: str | None = None) -> list[Location]:
        """The nearest memories, the nearest first."""


class Meaning(Protocol):
    """What the memories of a mind mean."""

    async def near(self, question: str) -> Near | None:
        """How near they are to a question; None if it can't be told now."""

    async def complete(self) -> int:
        """Give every memory its vector; returns how many were missing.

        Raises:
            EmbedderFailed: it raised an error, or its answer is no vectors.
        """


def meaning_of(redis: Client, mind: str, streams: Streams, name: str | None) -> Meaning | None:
    """By the setting `memory.embedder`; None without one: then nothing of this is loaded.

    Raises:
        ConfigError: the embedder can't be used.
    """
    embedder = chosen(name)
    if embedder is None or name is None:
        return None
    from thoughtstream.memory.meaning import KeptMeaning

    return KeptMeaning(redis, mind, streams, embedder, name)


def chosen(name: str | None) -> Embedder | None:
    """The embedder that the setting `memory.embedder` names, a class without arguments; None
    without one.

    Raises:
        ConfigError: there is no such embedder, or numpy is missing.
    """
    if name is None:
        return None
    if importlib.util.find_spec("numpy") is None:
        install = "pip install 'thoughtstream[recall-static]'"
        raise ConfigError(f"memory.embedder: needs numpy: {install}")
    try:
        found: Embedder = resolve_name(name)()
    except (ImportError, AttributeError, TypeError, OSError) as error:
        raise ConfigError(f"memory.embedder: {name}: {error}") from error
    if not hasattr(found, "embed"):
        raise ConfigError(f"memory.embedder: {name} has no method `embed`")
    return found
