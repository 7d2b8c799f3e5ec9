"""What repeated episodes have in common, in words: by a rule, or by a language model."""

from collections.abc import Sequence
from pkgutil import resolve_name
from typing import Protocol

from thoughtstream.config import ConfigError
from thoughtstream.language.similarity import common


class Distiller(Protocol):
    """Puts into words what episodes that share their gist have in common."""

    async def distil(self, contents: Sequence[str]) -> str:
        """The content of the semantic memory; empty if there is nothing to distil.

        It may be asked about the same episodes again: when a session is resumed, and when there
        are more of them. They differ in numbers, and in English in inflection, at most; what it
        says of them is kept as it is, so it should state nothing that one of them denies.

        Args:
            contents: of the episodes, the strongest memory first; never empty. Last, if some are
                no longer remembered, what was distilled from them.
        """


class Common:
    """The default: the words of the episode that was strengthened most, as far as all agree."""

    async def distil(self, contents: Sequence[str]) -> str:
        """The first, with `…` for each number that is another one elsewhere."""
        return common(contents)


def chosen(name: str | None) -> Distiller:
    """The distiller that the setting `memory.sleep_distiller` names, a class without arguments.

    Raises:
        ConfigError: there is no such distiller.
    """
    if name is None:
        return Common()
    try:
        found: Distiller = resolve_name(name)()
    except (ImportError, AttributeError, TypeError) as error:
        raise ConfigError(f"memory.sleep_distiller: {name}: {error}") from error
    if not hasattr(found, "distil"):
        raise ConfigError(f"memory.sleep_distiller: {name} has no method `distil`")
    return found
