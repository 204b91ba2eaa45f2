"""Which program asks, as whom, for what, and in which language it wants words. No cookie is looked at, and none is given.

Whoever has no token that is good is told only that. What the account of the token may not ask for is not there for it, as on
pages; then comes whether the token is for such things.
"""

from typing import Annotated

from fastapi import Depends, Request

from api.declared import OPERATIONS
from cases.office import load_office
from infra.db import written_at_once
from people.tokens import Bearer, find_bearer, note_token_used
from web.context import Context, NoSuchPage, dated, read_clock, route_of, site_of
from web.pages import whole_seconds
from web.problems import Problem, language_of
from web.slowing import wait_after_token
from web.view import view_of

SCHEME = "bearer "
#: Longer than any token of ours: nobody makes us hash a megabyte.
LONGEST = 200


def caller(request: Request) -> Context:
    """The context of a request of a program. Raises `Problem` without a good token or the scope, `NoSuchPage` where the account may
    not ask."""
    site, shown, token = site_of(request), read_clock(), _token(request)
    with view_of(request, site.engine).reading() as connection:
        office = load_office(connection)
        now = dated(connection, request, office, shown=shown)
        bearer = find_bearer(connection, token, now=now) if token else None
    if bearer is None:
        wait = wait_after_token(request, token, now=now) if token else None
        if wait:
            seconds = whole_seconds(wait)
            raise Problem("too_many_tries", status=429, headers={"Retry-After": str(seconds)}, seconds=seconds)
        code = "token_unknown" if token else "token_missing"
        raise Problem(code, status=401, headers={"WWW-Authenticate": 'Bearer realm="huiyin"'})
    if bearer.needs_noting:
        name = bearer.name
        written_at_once(site.engine, lambda connection: note_token_used(connection, name, now=now))
    _check(request, bearer)
    request.state.role, request.state.bearer = bearer.person.actor.role.value, bearer
    return Context(
        request=request, site=site, office=office, now=now, shown=shown, person=bearer.person, petitioner_case=None,
        language=language_of(request, bearer.person.language), jobs=(), reports_ready=0, browser="",
    )  # fmt: skip


def bearer_of(ctx: Context) -> Bearer:
    found: Bearer = ctx.request.state.bearer
    return found


def _check(request: Request, bearer: Bearer) -> None:
    route = route_of(request)
    if route.who is not None and bearer.person.actor.role not in route.who:
        raise NoSuchPage
    scope = OPERATIONS[route.name].scope
    if scope is not None and scope not in bearer.scopes:
        raise Problem("scope_missing", status=403, beside={"scope": scope}, scope=scope)


def _token(request: Request) -> str:
    said = request.headers.get("authorization", "")
    return said[len(SCHEME) :].strip()[:LONGEST] if said.lower().startswith(SCHEME) else ""


Ctx = Annotated[Context, Depends(caller)]
