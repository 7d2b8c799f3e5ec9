"""What a request may use: the parameters that resources of HTTP declare."""

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


def engine_of(request: Request) -> Engine:
    """The engine of the process."""
    engine: Engine = request.app.state.engine
    return engine


def token_of(request: Request) -> Token:
    """Whose request this is; the guard has let it in."""
    token: Token = request.state.token
    return token


def _allowance_of(request: Request) -> Allowance:
    allowance: Allowance = request.state.allowance
    return allowance


def _with(scope: Scope) -> Any:
    """A request whose token has a scope."""

    def check(token: Annotated[Token, Depends(token_of)]) -> Token:
        if not token.may(scope):
            raise Problem(
                problems.FORBIDDEN, f"the token {token.name} lacks the scope {scope}", scope=scope
            )
        return token

    return Depends(check)


def _mind(scope: Scope) -> Any:
    """The mind of the path, if the token may do this with it; that others are there isn't told."""

    async def find(
        mind: Named,
        token: Annotated[Token, _with(scope)],
        engine: Annotated[Engine, Depends(engine_of)],
    ) -> Mind:
        if not token.may_see(mind):
            raise Problem(problems.UNKNOWN, f"{mind}: is no mind that this token may see")
        return await engine.mind(mind)

    return Depends(find)


async def _its_colony(engine: Annotated[Engine, Depends(engine_of)]) -> Colony:
    return await engine.colony()


TheEngine = Annotated[Engine, Depends(engine_of)]
TheToken = Annotated[Token, Depends(token_of)]
TheAllowance = Annotated[Allowance, Depends(_allowance_of)]
TheColony = Annotated[Colony, Depends(_its_colony)]

Reader = Annotated[Token, _with("read")]
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
    Header(description="What is asked again with the same key within a day is done once."),
]
