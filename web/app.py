"""Puts the application together: routes from the table, the guard around them, static files, errors as pages.

It refuses to start with a route that the table does not know.
"""

from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from importlib.resources import files

from fastapi import FastAPI
from fastapi.routing import APIRoute
from sqlalchemy import Engine
from starlette.responses import Response
from starlette.routing import Mount
from starlette.staticfiles import StaticFiles
from starlette.types import Scope

import web.routes
from cases.office import load_office
from infra.db import reading
from infra.settings import Settings
from web import errors
from web.access import ROUTES, RouteWithoutAccess
from web.context import Site
from web.measured import Measured
from web.reads import Notes
from web.security import Guard
from web.view import EndsViews, ends_its_view
from web.whole_body import WholeBody

Lifespan = Callable[[FastAPI], AbstractAsyncContextManager[None]]
PAGES = web.routes  #: imported for what it does: each of its modules adds to the table


def create_app(engine: Engine, settings: Settings, *, lifespan: Lifespan | None = None) -> FastAPI:
    """The application on a database that holds an office; `lifespan` is what begins and ends with it. Raises
    `RouteWithoutAccess`, `NoOffice`, `PolicyIsWrong`."""
    with reading(engine) as connection:
        office = load_office(connection)
    app = FastAPI(openapi_url=None, docs_url=None, redoc_url=None, redirect_slashes=False, lifespan=lifespan)
    app.state.site = Site(engine=engine, settings=settings)
    app.state.read_notes = Notes()
    for route in ROUTES.values():
        methods = ["GET", "HEAD"] if route.method == "GET" else [route.method]
        app.add_api_route(
            route.path, ends_its_view(route.endpoint), methods=methods, response_class=Response, response_model=None
        )
    app.mount("/static", CachedStatic(directory=str(files("templates") / "static")), name="static")
    refuse_undeclared(app)
    errors.install(app)
    app.add_middleware(EndsViews)
    app.add_middleware(WholeBody)
    app.add_middleware(Guard, settings=settings, loopback_only=office.demo)
    app.add_middleware(Measured, logs=settings.access_log)
    return app


def refuse_undeclared(app: FastAPI) -> None:
    """Raises `RouteWithoutAccess` unless every route is in the table; the one mount serves files that are no secret."""
    for route in app.routes:
        if isinstance(route, APIRoute):
            known = all(f"{method} {route.path}" in ROUTES for method in (route.methods or set()) - {"HEAD"})
        else:
            known = isinstance(route, Mount) and route.path == "/static"
        if not known:
            raise RouteWithoutAccess(getattr(route, "path", repr(route)))


class CachedStatic(StaticFiles):
    async def get_response(self, path: str, scope: Scope) -> Response:
        response = await super().get_response(path, scope)
        if response.status_code in (200, 304):
            response.headers["Cache-Control"] = "public, max-age=3600"
        return response
