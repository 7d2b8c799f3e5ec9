"""Embedders for the tests, named in settings."""

from collections.abc import Sequence

CALLS: list[list[str]] = []
"""What was embedded, a call each."""

_TOPICS = ({"car", "vehicle", "lorry"}, {"tea", "coffee", "kettle"}, {"rain", "snow"})


def _vector(text: str) -> list[float]:
    return [float(not topic.isdisjoint(text.split())) for topic in _TOPICS]


class Topics:
    """Knows three topics."""

    def embed(self, texts: Sequence[str]) -> list[list[float]]:
        """A dimension a topic."""
        CALLS.append(list(texts))
        return [_vector(text) for text in texts]


class AwaitedTopics:
    """The same in two dimensions more, and awaited."""

    async def embed(self, texts: Sequence[str]) -> list[list[float]]:
        """A dimension a topic."""
        return [[*_vector(text), 0.0, 0.0] for text in texts]


class Broken:
    """Never works."""

    def embed(self, texts: Sequence[str]) -> list[list[float]]:
        """Raises: OSError: always."""
        raise OSError("the model's server is down")


class Ragged:
    """Gives one vector too few."""

    def embed(self, texts: Sequence[str]) -> list[list[float]]:
        """All but one."""
        return [[1.0]] * (len(texts) - 1)


class NoEmbedder:
    """Is none."""
