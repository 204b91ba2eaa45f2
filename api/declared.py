"""How a route of the interface is declared: in the one table of routes, with what its token has to be for, and with what the
description of the interface says of it.

A route without a scope is for any token, one without `answers` describes itself.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from web.access import get, post
from workflow.model import Role

#: Every address of the interface begins so. What is in it stays as it is; what would break a client goes under another number.
BASE = "/api/v1"
Endpoint = Callable[..., Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Operation:
    """One address and method. `code` has its words under `api.`; `asks` is what the body is, `answers` what comes of it;
    `query` has what may stand in the address, each with its schema; `keyed` operations are taken once a key."""

    method: str
    path: str
    code: str
    scope: str | None
    answers: Any
    status: int = 200
    asks: Any = None
    query: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    keyed: bool = False


OPERATIONS: dict[str, Operation] = {}


def reads(
    path: str, *, who: frozenset[Role] | None, code: str, scope: str | None, answers: Any,
    query: Mapping[str, Mapping[str, Any]] | None = None,
) -> Callable[[Endpoint], Endpoint]:  # fmt: skip
    made = Operation(method="GET", path=BASE + path, code=code, scope=scope, answers=answers, query=query or {})
    OPERATIONS[f"GET {made.path}"] = made
    return get(made.path, who=who)


def writes(
    path: str, *, who: frozenset[Role], code: str, scope: str, asks: Any, answers: Any, status: int = 200
) -> Callable[[Endpoint], Endpoint]:
    made = Operation(
        method="POST", path=BASE + path, code=code, scope=scope, asks=asks, answers=answers, status=status, keyed=True
    )
    OPERATIONS[f"POST {made.path}"] = made
    return post(made.path, who=who)
