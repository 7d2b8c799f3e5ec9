"""Blocking twins of asynchronous classes: each method has its name, arguments and documentation."""

from collections.abc import AsyncIterator, Callable, Coroutine, Iterator
from contextlib import (
    AbstractAsyncContextManager,
    AbstractContextManager,
    contextmanager,
)
from functools import wraps
from types import TracebackType
from typing import TYPE_CHECKING, Any, Concatenate, Generic, NoReturn, ParamSpec, TypeVar

from thoughtstream.errors import NotConnected
from thoughtstream.sync.portal import Caller, Portal

T = TypeVar("T")
R = TypeVar("R")
G = TypeVar("G")
T_co = TypeVar("T_co", covariant=True)
P = ParamSpec("P")


class Twin(Generic[T_co]):
    """The twin of an object whose methods are asynchronous."""

    def __init__(self, caller: Caller, it: T_co) -> None:
        self._caller = caller
        self._it = it

    @classmethod
    def all(cls, caller: Caller, them: list[Any]) -> "list[Any]":
        """The twins of these."""
        return [cls(caller, it) for it in them]


def blocking(
    method: Callable[Concatenate[T, P], Coroutine[Any, Any, R]],
) -> Callable[Concatenate[Twin[T], P], R]:
    """The twin of a method that is awaited."""

    @wraps(method)
    def call(self: Twin[T], /, *args: P.args, **kwargs: P.kwargs) -> R:
        return self._caller.run(method(self._it, *args, **kwargs))

    return call


def giving(
    method: Callable[Concatenate[T, P], Coroutine[Any, Any, R]], twin: Callable[[Caller, R], G]
) -> Callable[Concatenate[Twin[T], P], G]:
    """The twin of a method that is awaited and returns what has a twin."""

    @wraps(method)
    def call(self: Twin[T], /, *args: P.args, **kwargs: P.kwargs) -> G:
        return twin(self._caller, self._caller.run(method(self._it, *args, **kwargs)))

    return call


def iterating(
    method: Callable[Concatenate[T, P], AsyncIterator[R]],
) -> Callable[Concatenate[Twin[T], P], Iterator[R]]:
    """The twin of an asynchronous iterator."""

    @wraps(method)
    def call(self: Twin[T], /, *args: P.args, **kwargs: P.kwargs) -> Iterator[R]:
        return self._caller.iterate(method(self._it, *args, **kwargs))

    return call


def holding(
    method: Callable[Concatenate[T, P], AbstractAsyncContextManager[R]],
) -> Callable[Concatenate[Twin[T], P], AbstractContextManager[R]]:
    """The twin of a context."""

    @wraps(method)
    def call(self: Twin[T], /, *args: P.args, **kwargs: P.kwargs) -> AbstractContextManager[R]:
        return self._caller.hold(method(self._it, *args, **kwargs))

    return call


def being(
    method: Callable[Concatenate[T, P], AbstractAsyncContextManager[R]],
    twin: Callable[[Caller, R], G],
) -> Callable[Concatenate[Twin[T], P], AbstractContextManager[G]]:
    """The twin of a context of what has a twin."""

    @wraps(method)
    @contextmanager
    def call(self: Twin[T], /, *args: P.args, **kwargs: P.kwargs) -> Iterator[G]:
        held = self._caller.hold(method(self._it, *args, **kwargs))
        with held as it:
            yield twin(held, it)

    return call


class Opening(AbstractContextManager[G]):
    """A connection that `with` opens; everything else that is tried with it is told so."""

    def __init__(
        self, connect: Callable[[], AbstractAsyncContextManager[T]], twin: Callable[[Caller, T], G]
    ) -> None:
        self._opening = _opened(connect, twin)

    def __enter__(self) -> G:
        return self._opening.__enter__()

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> bool | None:
        return self._opening.__exit__(kind, error, trace)

    if not TYPE_CHECKING:  # to mypy, these are the mistakes that they are

        def __getattr__(self, name: str) -> NoReturn:
            raise NotConnected(f"{name}: is not connected yet; write `with ….connect(…) as it:`")


@contextmanager
def _opened(
    connect: Callable[[], AbstractAsyncContextManager[T]], twin: Callable[[Caller, T], G]
) -> Iterator[G]:
    portal = Portal(connect)
    with portal as it:
        yield twin(portal, it)
