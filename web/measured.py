"""How long each request took and how it was answered, by route and role: for the log, if the office wants one, and for
whatever collects figures. No address, no name and nothing of what was asked for: the route stands as it is declared."""

import logging
import time
from collections.abc import MutableMapping
from typing import Any

from prometheus_client import Counter, Histogram
from starlette.types import ASGIApp, Receive, Scope, Send

log = logging.getLogger(__name__)

REQUESTS = Counter("huiyin_requests", "Requests answered", ["method", "route", "status"])
SECONDS = Histogram(
    "huiyin_request_seconds", "Seconds from the whole request to the end of its answer", ["route"],
    buckets=(0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10),
)  # fmt: skip
#: Of requests that no route answers: whatever somebody tries must not make a figure of its own.
NO_ROUTE = "none"
METHODS = frozenset({"GET", "HEAD", "POST"})


class Measured:
    def __init__(self, app: ASGIApp, *, logs: bool) -> None:
        self._app = app
        self._logs = logs

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        begun, status = time.perf_counter(), 500

        async def answered(message: MutableMapping[str, Any]) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(message)

        try:
            await self._app(scope, receive, answered)
        finally:
            self._note(scope, status, time.perf_counter() - begun)

    def _note(self, scope: Scope, status: int, seconds: float) -> None:
        route = getattr(scope.get("route"), "path", NO_ROUTE)
        method = scope["method"] if scope["method"] in METHODS else "other"
        REQUESTS.labels(method, route, str(status)).inc()
        SECONDS.labels(route).observe(seconds)
        if self._logs:
            role = scope.get("state", {}).get("role", "nobody")
            said = {"method": method, "route": route, "status": status, "ms": round(seconds * 1000, 1), "role": role}
            log.info("request", extra=said)
