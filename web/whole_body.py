"""A request is handed on when its body is there.

Until then it costs nothing but its bytes: no thread, no look into the database; and what is read from the clock for it is
the time when its last byte came, not the first.
"""

from starlette.datastructures import Headers
from starlette.requests import Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from web.errors import plain_page

#: The largest body in bytes: a form of long texts is a tenth of it.
MAX_BODY = 2 * 1024 * 1024


class WholeBody:
    """Reads up to `MAX_BODY`; a larger body is answered 413. Who goes away before the end is not answered at all."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        too_large = _announced_length(scope) > MAX_BODY
        body = b"" if too_large else await _read(receive)
        if body is None:
            return
        if too_large or len(body) > MAX_BODY:
            await plain_page(Request(scope), 413, "error.too_large")(scope, receive, send)
        else:
            await self._app(scope, _told_again(body, receive), send)


def _announced_length(scope: Scope) -> int:
    text = Headers(scope=scope).get("content-length", "")
    return int(text) if text.isdecimal() and len(text) < 20 else 0


async def _read(receive: Receive) -> bytes | None:
    """The body, or as much of it as is too much; None when the client has gone."""
    body, more = bytearray(), True
    while more and len(body) <= MAX_BODY:
        message = await receive()
        if message["type"] != "http.request":
            return None
        body += message.get("body", b"")
        more = message.get("more_body", False)
    return bytes(body)


def _told_again(body: bytes, receive: Receive) -> Receive:
    waiting: list[Message] = [{"type": "http.request", "body": body, "more_body": False}]

    async def told() -> Message:
        return waiting.pop() if waiting else await receive()

    return told
