"""The application asked in this process, without a socket and without a client that keeps cookies by itself."""

import asyncio
import json
import secrets
from collections.abc import Coroutine, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any
from urllib.parse import unquote, urlencode

from fastapi import FastAPI


@dataclass(frozen=True, slots=True)
class Answer:
    """An answer, byte for byte; headers in the order they were sent."""

    status: int
    headers: tuple[tuple[bytes, bytes], ...]
    body: bytes

    def header(self, name: str) -> str:
        return next((value.decode() for found, value in self.headers if found == name.encode()), "")

    def without(self, name: str) -> "Answer":
        return Answer(self.status, tuple(one for one in self.headers if one[0] != name.encode()), self.body)


class Asking:
    """One loop for all requests: to start one for each takes longer than most answers do. It has a thread of its own: whatever
    runs in that of the tests is nothing to it."""

    def __init__(self, app: FastAPI, loop: asyncio.AbstractEventLoop, thread: ThreadPoolExecutor) -> None:
        self._app, self._loop, self._thread = app, loop, thread

    def _run(self, request: Coroutine[Any, Any, Answer]) -> Answer:
        return self._thread.submit(self._loop.run_until_complete, request).result()

    def __call__(
        self, method: str, address: str, *, cookies: Mapping[str, str], form: Mapping[str, str] | None = None
    ) -> Answer:
        kind = {"content-type": "application/x-www-form-urlencoded"} if form is not None else {}
        return self._run(self._asked(method, address, cookies, urlencode(form or {}), kind))

    def by_program(
        self, method: str, address: str, *, token: str, said: Any = None, cookies: Mapping[str, str] | None = None
    ) -> Answer:
        """The same by a program: a token, and JSON under a key of its own."""
        bearer = {"authorization": f"Bearer {token}"} if token else {}
        keyed = {"content-type": "application/json", "idempotency-key": secrets.token_hex(8)}
        body, headers = ("", bearer) if said is None else (json.dumps(said), {**bearer, **keyed})
        return self._run(self._asked(method, address, cookies or {}, body, headers))

    async def _asked(
        self, method: str, address: str, cookies: Mapping[str, str], content: str, headers: Mapping[str, str]
    ) -> Answer:
        waiting = [{"type": "http.request", "body": content.encode(), "more_body": False}]
        sent: list[dict[str, Any]] = []

        async def receive() -> dict[str, Any]:
            return waiting.pop() if waiting else {"type": "http.disconnect"}

        async def send(message: Any) -> None:
            sent.append(message)

        await self._app(_scope(method, address, cookies, headers), receive, send)
        body = b"".join(message.get("body", b"") for message in sent[1:])
        return Answer(sent[0]["status"], tuple((bytes(n), bytes(v)) for n, v in sent[0]["headers"]), body)


@contextmanager
def asking(app: FastAPI) -> Iterator[Asking]:
    loop = asyncio.new_event_loop()
    with ThreadPoolExecutor(max_workers=1) as thread:
        try:
            yield Asking(app, loop, thread)
        finally:
            thread.submit(loop.run_until_complete, loop.shutdown_default_executor()).result()
            loop.close()


def _scope(method: str, address: str, cookies: Mapping[str, str], more: Mapping[str, str]) -> dict[str, Any]:
    path, _, query = address.partition("?")
    headers = [(b"host", b"127.0.0.1:8000"), (b"accept-language", b"zh-CN")]
    headers += [(name.encode(), value.encode()) for name, value in more.items()]
    if cookies:
        headers.append((b"cookie", "; ".join(f"{name}={value}" for name, value in cookies.items()).encode()))
    return {
        "type": "http", "asgi": {"version": "3.0", "spec_version": "2.4"}, "http_version": "1.1", "method": method,
        "scheme": "http", "path": unquote(path), "raw_path": path.encode(), "query_string": query.encode(), "root_path": "",
        "headers": headers, "client": ("127.0.0.1", 50000), "server": ("127.0.0.1", 8000), "state": {},
    }  # fmt: skip
