"""Arguments that people mix up, each told what it is and what to give instead."""

from contextlib import AbstractAsyncContextManager
from types import TracebackType
from typing import TYPE_CHECKING, NoReturn, TypeVar

from pydantic import BeforeValidator

from thoughtstream.errors import NotConnected
from thoughtstream.key_family import is_text

T = TypeVar("T")


def _text(given: object) -> str:
    if isinstance(given, str):
        return given
    if isinstance(given, bytes | bytearray | memoryview):
        raise ValueError("is bytes, not text; decode it first: .decode()")
    raise ValueError(f"is {type(given).__name__}, not text; give a str")


def _valid(given: object) -> str:
    text = _text(given)
    if is_text(text):
        return text
    raise ValueError("is not UTF-8, or has half of a surrogate pair; give it as valid text")


IS_TEXT = BeforeValidator(_text)
"""For a text that must have been a `str` to begin with. Stands last, so that pydantic's own checks
(surrogates, with a length) remain."""


IS_UTF8 = BeforeValidator(_valid)
"""For one that is kept: it must be text in UTF-8, too."""


def mind_name(given: object) -> str:
    """What was given as a mind's name.

    Raises:
        ValueError: it is not text in UTF-8, or it is a URL.
    """
    try:
        name = _valid(given)
    except ValueError as error:
        raise ValueError(f"name: {error}") from None
    if name.startswith(("redis://", "rediss://", "unix://")):
        raise ValueError(
            "name: is a URL; the name of the mind comes first: "
            'Mind.connect("ana", "redis://…"), or Mind.connect(url="redis://…")'
        )
    return name


class Connecting(AbstractAsyncContextManager[T]):
    """A connection that `async with` opens; everything else that is tried with it is told so."""

    def __init__(self, opening: AbstractAsyncContextManager[T]) -> None:
        self._opening = opening

    async def __aenter__(self) -> T:
        return await self._opening.__aenter__()

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> bool | None:
        return await self._opening.__aexit__(kind, error, trace)

    if not TYPE_CHECKING:  # to mypy, these are the mistakes that they are

        def __getattr__(self, name: str) -> NoReturn:
            raise NotConnected(f"{name}: {_UNOPENED}")

        def __await__(self) -> NoReturn:
            raise NotConnected(f"await: {_UNOPENED}")

        def __enter__(self) -> NoReturn:
            raise NotConnected(f"with: {_UNOPENED}")

        def __exit__(self, *_: object) -> None:
            """Python looks for it before it enters."""


_UNOPENED = "the mind is not connected yet; write `async with Mind.connect(…) as mind:`"
