"""Answers that need no template, no database and no application: to what is no request, to who is too slow, when there are
too many, and when the page that should say that something went wrong does itself go wrong.

Their words, in both languages because nobody has said which one is read, are looked up when the program starts.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from starlette.types import Send

from infra.i18n import LANGUAGES
from infra.settings import Settings
from web.strict_headers import NOT_KEPT, as_sent, strict_headers
from words import Words

WORDS = {400: "error.malformed", 408: "error.too_slow", 500: "error.unexpected", 503: "error.busy"}
#: Seconds after which a browser may try again where there were too many.
RETRY_AFTER = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class BareAnswer:
    """Headers and body as they are sent. The connection ends with it."""

    status: int
    headers: list[tuple[bytes, bytes]]
    body: bytes

    async def send(self, send: Send) -> None:
        await send({"type": "http.response.start", "status": self.status, "headers": self.headers})
        await send({"type": "http.response.body", "body": self.body})


def bare_answers(settings: Settings) -> Mapping[int, BareAnswer]:
    """By status: 400, 408, 500 and 503."""
    return {status: _bare(status, code, strict_headers(settings)) for status, code in WORDS.items()}


def _bare(status: int, code: str, strict: dict[str, str]) -> BareAnswer:
    body = "\n".join(Words(language)(line) for language in LANGUAGES for line in (f"{code}.title", code)).encode()
    later = {"Retry-After": str(RETRY_AFTER)} if status == 503 else {}
    framing = {"Content-Type": "text/plain; charset=utf-8", "Content-Length": str(len(body)), "Connection": "close"}
    return BareAnswer(status=status, headers=as_sent({**framing, **later, **strict, **NOT_KEPT}), body=body)
