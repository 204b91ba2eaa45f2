"""The one view of the record that a page is made from: opened with the first look, ended when the page is made.

A form reads, writes and reads again: each of its looks is a view of its own.
"""

import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from functools import cache, wraps
from typing import Any

from sqlalchemy import Connection, Engine
from starlette.requests import Request
from starlette.types import ASGIApp, Receive, Scope, Send

from infra.db import reading

#: Where a request keeps it.
STATE = "view"


class View:
    def __init__(self, engine: Engine, *, is_kept: bool) -> None:
        self._engine, self._is_kept = engine, is_kept
        self._opened = ExitStack()
        self._connection: Connection | None = None

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        if not self._is_kept:
            with reading(self._engine) as connection:
                yield connection
            return
        if self._connection is None:
            self._connection = self._opened.enter_context(reading(self._engine))
        try:
            yield self._connection
        except BaseException:
            self._connection = None
            self._opened.__exit__(*sys.exc_info())
            raise

    def end(self) -> None:
        """Nothing is read from it any more; the next look opens another."""
        self._connection = None
        self._opened.close()


def view_of(request: Request, engine: Engine) -> View:
    """Of this request; the first who asks makes it."""
    view: View | None = getattr(request.state, STATE, None)
    if view is None:
        view = View(engine, is_kept=request.method != "POST")
        setattr(request.state, STATE, view)
    return view


@cache
def ends_its_view(endpoint: Callable[..., Any]) -> Callable[..., Any]:
    """An endpoint after which the view is ended, before its answer goes out: a slow client holds no connection. The same one each
    time: whoever keeps routes by their endpoint finds them again."""

    @wraps(endpoint)
    def ending(*args: Any, **named: Any) -> Any:
        try:
            return endpoint(*args, **named)
        finally:
            ctx = named.get("ctx")
            if ctx is not None:
                view_of(ctx.request, ctx.engine).end()

    return ending


class EndsViews:
    """Ends the view of a request that no endpoint has ended: one that was refused on its way there."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            await self._app(scope, receive, send)
        finally:
            view = scope.get("state", {}).get(STATE)
            if view is not None:
                view.end()
