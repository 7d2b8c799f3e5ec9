"""The page's session: a token in a cookie that no script can read."""

from typing import Annotated

from fastapi import APIRouter, Body, Request
from pydantic import BaseModel
from starlette.responses import Response

from thoughtstream.faces.web import problems
from thoughtstream.faces.web.answers import Answer
from thoughtstream.faces.web.asked import TheToken
from thoughtstream.faces.web.guard import COOKIE
from thoughtstream.faces.web.problems import Problem
from thoughtstream.faces.web.tokens import Scope, Token, Tokens


class Session(BaseModel):
    """Whose session it is: the token's name, what it may, and with which minds (globs)."""

    name: str
    scopes: list[Scope]
    minds: list[str]


router = APIRouter(prefix="/v1/session", tags=["session"])


@router.post("", response_model=Session)
async def log_in(request: Request, token: Annotated[str, Body(embed=True)]) -> Response:
    """Keep a token in a cookie; whoever asks from a page has it from then on."""
    tokens: Tokens = request.app.state.tokens
    owner = tokens.find(token)
    if owner is None:
        raise Problem(
            problems.UNAUTHORIZED, "token: is unknown or over; `thoughtstream open` opens the page"
        )
    answer = Answer(_described(owner))
    is_secure = request.url.scheme == "https"
    answer.set_cookie(COOKIE, token, httponly=True, samesite="strict", secure=is_secure)
    return answer


@router.get("", response_model=Session)
async def who(token: TheToken) -> Response:
    """Whose session this is."""
    return Answer(_described(token))


@router.delete("", status_code=204)
async def log_out(token: TheToken) -> Response:
    """Forget the cookie."""
    answer = Response(status_code=204)
    answer.delete_cookie(COOKIE, httponly=True, samesite="strict")
    return answer


def _described(token: Token) -> dict[str, object]:
    return {"name": token.name, "scopes": token.scopes, "minds": token.minds}
