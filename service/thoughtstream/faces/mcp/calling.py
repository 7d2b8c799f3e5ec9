"""A call of a tool: its arguments are checked, it runs, and what goes wrong is said in words."""

from typing import Any, TypeVar

import structlog
from mcp_types import CallToolResult, ResourceLink, TextContent
from pydantic import ValidationError

from thoughtstream.discretion import without_secrets
from thoughtstream.errors import ThoughtstreamError
from thoughtstream.explaining import explain
from thoughtstream.faces.mcp.fitting import MOST_CHARACTERS, fitted
from thoughtstream.faces.mcp.tool import Tool

Subject = TypeVar("Subject")

log = structlog.get_logger()


class BadArguments(ThoughtstreamError, ValueError):
    """Arguments that a tool does not take; nothing was done."""


async def called(tool: Tool[Subject], subject: Subject, given: dict[str, Any]) -> CallToolResult:
    """What a tool answers.

    Raises:
        ThoughtstreamError: it could not be done.
    """
    try:
        arguments = tool.arguments.model_validate(given)
    except ValidationError as error:
        takes = ", ".join(tool.arguments.model_fields) or "nothing"
        wrong = explain(error, tool.arguments)
        raise BadArguments(f"{wrong} ({tool.name} takes {takes})") from None
    answer = fitted(await tool.run(subject, arguments))
    links = [ResourceLink(name=uri, uri=uri, mime_type="application/json") for uri in answer.links]
    return CallToolResult(
        content=[TextContent(text=answer.text), *links], structured_content=answer.answer
    )


def failed(tool: str, error: Exception) -> CallToolResult:
    """What went wrong, in its own words; of what nobody foresaw, only the log has more."""
    if isinstance(error, ThoughtstreamError):
        said = str(error)
    else:
        log.error("mcp.failed", tool=tool, exc_info=error)
        said = f"{tool}: could not be done ({type(error).__name__}: {error}); this is a bug"
    text = without_secrets(said)
    text = text.encode(errors="replace").decode()[:MOST_CHARACTERS]
    return CallToolResult(content=[TextContent(text=text)], is_error=True)
