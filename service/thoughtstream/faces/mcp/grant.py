"""What a client may do: with which minds, and which kinds of tools."""

from collections.abc import Collection
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Literal, get_args

from thoughtstream.arguments import mind_name
from thoughtstream.errors import ThoughtstreamError

Scope = Literal["read", "think", "intervene", "work"]
"""`read`: look and recall; `think`: write; `intervene`: change what was attended, and take back
what was forgotten; `work`: be an agent among others."""

SCOPES: tuple[Scope, ...] = get_args(Scope)


class NotAllowed(ThoughtstreamError):
    """A tool, or a mind, that this client may not use; nothing was done."""


@dataclass(frozen=True)
class Grant:
    """What one client may do. `of_mind` and `of_minds` make one.

    `mind`: the one that its tools are about; None: each call names one, which has to match one of
    `globs`.
    """

    mind: str | None
    globs: tuple[str, ...]
    scopes: frozenset[Scope]

    @classmethod
    def of_mind(cls, name: str, scopes: Collection[str]) -> "Grant":
        """With one mind.

        Raises:
            ValueError: the name can be none, or there is no such scope.
        """
        return cls(mind_name(name), (), _scopes(scopes))

    @classmethod
    def of_minds(cls, globs: Collection[str], scopes: Collection[str]) -> "Grant":
        """With all minds whose names match one of these, as `fnmatch` does.

        Raises:
            ValueError: there is no glob, or no such scope.
        """
        if not any(globs):
            raise ValueError("minds: is empty; give a pattern like 'a*', or '*' for all")
        return cls(None, tuple(globs), _scopes(scopes))

    def named(self, name: str | None) -> str:
        """The mind that a call is about, which names this one, or none.

        Raises:
            NotAllowed: it may not use that.
        """
        if self.mind is not None:
            if name not in (None, self.mind):
                raise NotAllowed(f"mind: is {name!r}; this connection has {self.mind!r} only")
            return self.mind
        if name is None:
            raise NotAllowed(f"mind: is missing; name one that matches {self._allowed}")
        if not any(fnmatchcase(name, glob) for glob in self.globs):
            raise NotAllowed(f"mind: {name!r} is not yours; name one that matches {self._allowed}")
        return name

    def has(self, scope: Scope) -> bool:
        """Whether it may use the tools of this scope."""
        return scope in self.scopes

    @property
    def _allowed(self) -> str:
        return " or ".join(self.globs)


def _scopes(given: Collection[str]) -> frozenset[Scope]:
    for name in given:
        if name not in SCOPES:
            raise ValueError(f"allow: {name!r} is unknown; give some of {', '.join(SCOPES)}")
    return frozenset({"read", *(scope for scope in SCOPES if scope in given)})
