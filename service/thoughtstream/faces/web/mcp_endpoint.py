"""`/mcp`: the tools of a mind for agents elsewhere, with the same tokens."""

from starlette.requests import Request

from thoughtstream.faces.engine import Engine
from thoughtstream.faces.mcp.grant import Grant
from thoughtstream.faces.mcp.http import McpEndpoint
from thoughtstream.faces.web.tokens import Token
from thoughtstream.measuring.measures import Measures

_GLOB = set("*?[")


def mcp_endpoint(engine: Engine, measures: Measures) -> McpEndpoint:
    """The endpoint; the guard in front of it has checked host, size and token."""
    most = engine.settings.web.max_body_bytes
    return McpEndpoint(engine, _granted, hosts=None, most_body_bytes=most, measures=measures)


def _granted(request: Request) -> Grant | None:
    """A token of one mind has tools without a name for it."""
    token: Token = request.scope["state"]["token"]
    if not token.may("read"):
        return None
    scopes = [scope for scope in ("read", "think", "intervene") if scope in token.scopes]
    minds = token.minds
    if len(minds) == 1 and not _GLOB & set(minds[0]):
        return Grant.of_mind(minds[0], scopes)
    return Grant.of_minds(minds, scopes)
