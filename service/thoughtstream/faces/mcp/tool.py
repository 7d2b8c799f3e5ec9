"""What a tool is: a function of a request and its arguments, and what is said about it."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any, Generic, NamedTuple, TypeVar, get_type_hints

from pydantic import BaseModel, ConfigDict

from thoughtstream.faces.mcp.grant import Scope

Subject = TypeVar("Subject")


class Hints(NamedTuple):
    """What a client may rely on before it calls. All are given: left out, each means the worst."""

    reads_only: bool
    destroys: bool
    repeatable: bool


LOOKS = Hints(reads_only=True, destroys=False, repeatable=True)
ADDS = Hints(reads_only=False, destroys=False, repeatable=False)
SETTLES = Hints(reads_only=False, destroys=False, repeatable=True)
CHANGES = Hints(reads_only=False, destroys=True, repeatable=True)


class Arguments(BaseModel):
    """What a tool is called with; nothing else is taken."""

    model_config = ConfigDict(extra="forbid", frozen=True, validate_by_name=True)


class Answer(BaseModel):
    """What a tool answers. `warning`: what is wrong meanwhile, and the cure."""

    model_config = ConfigDict(frozen=True)


@dataclass(frozen=True)
class Tool(Generic[Subject]):
    """One tool. `run` is given the subject that it works on, and its arguments."""

    name: str
    title: str
    description: str
    scope: Scope
    hints: Hints
    arguments: type[Arguments]
    answer: type[Answer]
    run: Callable[[Subject, Any], Awaitable[Answer]]


def tool(
    title: str, scope: Scope, hints: Hints
) -> Callable[[Callable[[Subject, Any], Awaitable[Answer]]], Tool[Subject]]:
    """Make a tool of a function: its name, docstring and annotations are the tool's."""

    def make(function: Callable[[Subject, Any], Awaitable[Answer]]) -> Tool[Subject]:
        types = get_type_hints(function)
        answer = types.pop("return")
        _, arguments = types.values()
        return Tool(
            name=function.__name__,
            title=title,
            description=" ".join((function.__doc__ or "").split()),
            scope=scope,
            hints=hints,
            arguments=arguments,
            answer=answer,
            run=function,
        )

    return make
