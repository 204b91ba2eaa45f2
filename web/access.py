"""The table of routes. A route cannot be written down without saying who may use it; what is not in the table refuses.

`PUBLIC` is anyone at all, `STAFF` every signed-in account, `PETITIONER` whoever came with a tracking code, and a set of
roles exactly those. What a role may then see is in the queries (`cases/visibility.py`), not here.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Annotated, Any

from fastapi import Path

from people.links import SECONDS
from reports.later.readers import ASSESSMENT, AUDIT, SIGNS
from workflow.model import Role

__all__ = [
    "ADMINISTRATION", "ASSESSMENT", "AUDIT", "CASE_STAFF", "PETITIONER", "PUBLIC", "RECORD", "ROUTES", "SECOND", "SIGNS",
    "STAFF", "Route", "RouteWithoutAccess", "RowId", "SmallId", "YearId", "get", "is_open_to", "post",
]  # fmt: skip

PUBLIC: frozenset[Role] | None = None
PETITIONER = frozenset({Role.PETITIONER})
STAFF = frozenset(Role) - {Role.PETITIONER, Role.SYSTEM}
CASE_STAFF = STAFF - {Role.ADMINISTRATOR}
ADMINISTRATION = frozenset({Role.ADMINISTRATOR})
#: Who may be the second person where two decide (`people/links.py`).
SECOND = frozenset(SECONDS)
#: The record of what people did to the office itself.
RECORD = frozenset({Role.AUDITOR})

#: An id in an address: as large as a key of the database can be, and no larger.
RowId = Annotated[int, Path(ge=1, le=2**63 - 1)]
#: A year in an address, and a number that a column of 32 bits holds.
YearId = Annotated[int, Path(ge=1, le=9999)]
SmallId = Annotated[int, Path(ge=1, le=2**31 - 1)]


@dataclass(frozen=True, slots=True, kw_only=True)
class Route:
    """One address and method, its endpoint, and the roles it is open to (None: everybody)."""

    method: str
    path: str
    endpoint: Callable[..., Any]
    who: frozenset[Role] | None
    #: Whether what it writes goes by the clock, and waits while that is in doubt.
    dated: bool

    @property
    def name(self) -> str:
        return f"{self.method} {self.path}"


ROUTES: dict[str, Route] = {}


def is_open_to(role: Role, path: str) -> bool:
    """Whether a page is one of those of a role, and not of everybody."""
    return role in (ROUTES[f"GET {path}"].who or frozenset())


class RouteWithoutAccess(Exception):
    """The application has a route that nobody declared access for. It does not start."""


def get(path: str, *, who: frozenset[Role] | None) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    return _route("GET", path, who, dated=False)


def post(
    path: str, *, who: frozenset[Role] | None, dated: bool = True
) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """`dated=False`: what is done at any time, also by a clock that is in doubt: coming in, going, putting that right."""
    return _route("POST", path, who, dated=dated)


def _route(
    method: str, path: str, who: frozenset[Role] | None, *, dated: bool
) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    def declare(endpoint: Callable[..., Any]) -> Callable[..., Any]:
        route = Route(method=method, path=path, endpoint=endpoint, who=who, dated=dated)
        if route.name in ROUTES:
            raise ValueError(f"{route.name} is declared twice")
        ROUTES[route.name] = route
        return endpoint

    return declare
