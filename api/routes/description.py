"""The description of the interface, for programs and for whoever writes them. It says nothing of this office."""

from functools import cache
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from api.declared import reads
from api.description import description
from web.access import PUBLIC
from web.context import site_of
from web.problems import language_of


@reads("/openapi.json", who=PUBLIC, code="description", scope=None, answers=dict[str, Any])
def openapi(request: Request) -> Response:
    return _answer(language_of(request, site_of(request).settings.language))


@cache
def _answer(language: str) -> Response:
    """Made once: anybody may ask for it."""
    return JSONResponse(description(language))
