"""What `/openapi.json` says beyond what FastAPI knows, so that clients can be made of it: names as
people choose them, what a problem looks like, which requests need a token, what may come next.
"""

from typing import Any

from fastapi import FastAPI
from fastapi.routing import APIRoute

from thoughtstream.faces.web.guard import needs_a_token
from thoughtstream.faces.web.links import links_of
from thoughtstream.faces.web.problems import Told

_PROBLEM = {
    "description": "A problem (RFC 9457); `GET` its `type` to read what it means.",
    "content": {"application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}},
}
_TOKEN = {
    "type": "http",
    "scheme": "bearer",
    "description": "`thoughtstream token add` makes one, and says what it may.",
}
_REF = "#/components/schemas/{model}"


def operation_id(route: APIRoute) -> str:
    """What a client calls an operation: as the function here that does it."""
    return route.name.rstrip("_")


class DescribedApp(FastAPI):
    """An application whose description says what FastAPI doesn't know of it."""

    def openapi(self) -> dict[str, Any]:
        """The description; made once."""
        if self.openapi_schema is None:
            described = super().openapi()
            _add_problems(described["components"])
            described["components"]["securitySchemes"] = {"token": _TOKEN}
            for path, operations in described["paths"].items():
                for method, operation in operations.items():
                    _add_links(operation)
                    operation["responses"]["default"] = {"$ref": "#/components/responses/Problem"}
                    if needs_a_token(path, method.upper()):
                        operation["security"] = [{"token": []}]
        assert self.openapi_schema is not None
        return self.openapi_schema


def _add_links(operation: dict[str, Any]) -> None:
    """To its first answer, which tells of success."""
    answer = next(iter(operation["responses"].values()))
    if links := links_of(operation["operationId"]):
        answer["links"] = links


def _add_problems(components: dict[str, Any]) -> None:
    problem = Told.model_json_schema(ref_template=_REF)
    components["schemas"] |= problem.pop("$defs") | {"Problem": problem}
    components["responses"] = {"Problem": _PROBLEM}
