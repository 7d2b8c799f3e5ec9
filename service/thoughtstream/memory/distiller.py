"""What repeated episodes have in common, in words: by a rule, or by a language model."""

from collections.abc import Sequence
from pkgutil import resolve_name
from typing import Protocol

from thoughtstream.config import ConfigError


class Distiller(Protocol):
    """Puts into words what episodes that share their gist have in common."""

    async def distil(self, contents: Sequence[str]) -> str:
        """The content of the semantic memory; empty if there is nothing to distil.

        It may be asked about the same episodes again: when a session is resumed, and when there
        are more of them.

        Args:
            contents: of the episodes, the strongest memory first; never empty.
        """


class Strongest:
    """The default: the words of the episode that was strengthened most."""

    async def distil(self, contents: Sequence[str]) -> str:
        """The first."""
        return contents[0]


def chosen(name: str | None) -> Distiller:
    """The distiller that the setting `memory.sleep_distiller` names, a class without arguments.

    Raises:
        ConfigError: there is no such distiller.
    """
    if name is None:
        return Strongest()
    try:
        found: Distiller = resolve_name(name)()
    except (ImportError, AttributeError, TypeError) as error:
        raise ConfigError(f"memory.sleep_distiller: {name}: {error}") from error
    if not hasattr(found, "distil"):
        raise ConfigError(f"memory.sleep_distiller: {name} has no method `distil`")
    return found
