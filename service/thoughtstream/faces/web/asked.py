"""What a request may use: the parameters that resources of HTTP declare.

They are async, though nothing is awaited in some: FastAPI gives all others a thread for each
request. None depends on another, which costs as much as what most resources do.
"""

from typing import Annotated, Any

from fastapi import Depends, Header, Query, Request

from thoughtstream import Colony, Mind
from thoughtstream.faces.engine import Engine
from thoughtstream.faces.web import problems
from thoughtstream.faces.web.limits.allowances import Allowance
from thoughtstream.faces.web.names import Named
from thoughtstream.faces.web.problems import Problem
from thoughtstream.faces.web.tokens import Scope, Token

MOST = 200


async def engine_of(request: Request) -> Engine:
    """The engine of the process."""
    return _engine(request)


async def token_of(request: Request) -> Token:
    """Whose request this is; the guard has let it in."""
    return _token(request)


def _engine(request: Request) -> Engine:
    engine: Engine = request.app.state.engine
    return engine


def _token(request: Request) -> Token:
    token: Token = request.state.token
    return token


def _allowed(request: Request, scope: Scope) -> Token:
    token = _token(request)
    if not token.may(scope):
        raise Problem(
            problems.FORBIDDEN, f"the token {token.name} lacks the scope {scope}", scope=scope
        )
    return token


async def _allowance_of(request: Request) -> Allowance:
    allowance: Allowance = request.state.allowance
    return allowance


def _with(scope: Scope) -> Any:
    """A request whose token has a scope."""

    async def check(request: Request) -> Token:
        return _allowed(request, scope)

    return Depends(check)


async def _onlooker(request: Request) -> Token:
    token = _token(request)
    if not (token.may("work") or (token.may("read") and token.sees_all)):
        detail = f"the token {token.name} lacks the scope work, or read for all minds"
        raise Problem(problems.FORBIDDEN, detail, scope="work")
    return token


def _mind(scope: Scope) -> Any:
    """The mind of the path, if the token may do this with it; that others are there isn't told."""

    async def find(request: Request, mind: Named) -> Mind:
        if not _allowed(request, scope).may_see(mind):
            raise Problem(problems.UNKNOWN, f"{mind}: is no mind that this token may see")
        return await _engine(request).mind(mind)

    return Depends(find)


async def _its_colony(request: Request) -> Colony:
    return await _engine(request).colony()


TheEngine = Annotated[Engine, Depends(engine_of)]
TheToken = Annotated[Token, Depends(token_of)]
TheAllowance = Annotated[Allowance, Depends(_allowance_of)]
TheColony = Annotated[Colony, Depends(_its_colony)]

Reader = Annotated[Token, _with("read")]
Worker = Annotated[Token, _with("work")]
Onlooker = Annotated[Token, Depends(_onlooker)]
"""Who may look at what agents share: it belongs to no mind."""

Thinker = Annotated[Token, _with("think")]
Intervener = Annotated[Token, _with("intervene")]
Operator = Annotated[Token, _with("operate")]

ReadMind = Annotated[Mind, _mind("read")]
ThinkMind = Annotated[Mind, _mind("think")]
InterveneMind = Annotated[Mind, _mind("intervene")]
OperateMind = Annotated[Mind, _mind("operate")]

Limit = Annotated[int, Query(ge=1, le=MOST, description="The most of one page.")]
Before = Annotated[
    str, Query(description="The last entry of a page, for the next; `+`: the first.")
]
IdempotencyKey = Annotated[
    str | None,
    Header(
        min_length=1,
        description="What is asked again with the same key within a day is done once.",
    ),
]
