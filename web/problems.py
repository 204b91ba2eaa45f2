"""Errors as programs read them (RFC 9457): a code, a status, and the same words that a person would read.

Nothing in one tells one request from another: what is not there and what is not the asker's is the same, byte for byte.
"""

from collections.abc import Iterable, Mapping
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse

from infra.i18n import known_language, preferred_language
from words import Words
from workflow.model import Json, Reason

#: Under this programs ask: no cookies, no forms, no pages.
PROGRAMS = "/api/"
MEDIA_TYPE = "application/problem+json"
TYPE = "urn:huiyin:problem:"


class Problem(Exception):
    """What a program is answered instead of what it asked for. `code` has its words under `problem.`, `beside` is said besides."""

    def __init__(
        self, code: str, *, status: int, reasons: Iterable[Reason] = (), beside: Mapping[str, Json] | None = None,
        headers: Mapping[str, str] | None = None, **values: Any,
    ) -> None:  # fmt: skip
        super().__init__(code)
        self.code, self.status, self.values = code, status, values
        self.reasons, self.beside, self.headers = tuple(reasons), beside or {}, headers


def is_of_a_program(request: Request) -> bool:
    return str(request.scope["path"]).startswith(PROGRAMS)


def language_of(request: Request, usual: str) -> str:
    """What Accept-Language would rather have of ours, else the usual one."""
    return preferred_language(request.headers.get("accept-language", "")) or known_language(usual)


def problem(
    language: str, status: int, code: str, *, reasons: Iterable[Reason] = (), beside: Mapping[str, Json] | None = None,
    headers: Mapping[str, str] | None = None, values: Mapping[str, Any] | None = None,
) -> JSONResponse:  # fmt: skip
    """The answer; `code` is of the catalogues."""
    words = Words(language)
    said: dict[str, Json] = {
        "type": TYPE + code.partition(".")[2],
        "title": words(f"{code}.title"),
        "status": status,
        "detail": words(code, **(values or {})),
        "code": code.partition(".")[2],
        **(beside or {}),
    }
    if told := [reason_as_json(reason, words) for reason in reasons]:
        said["reasons"] = told
    return JSONResponse(said, status_code=status, media_type=MEDIA_TYPE, headers=dict(headers or {}))


def reason_as_json(reason: Reason, words: Words) -> Json:
    return {"code": reason.code, "field": reason.field, "values": dict(reason.values), "words": words.reason(reason)}
