"""Every code that the interface for programs looks up by a name made at run time: what is refused, what is said of each operation."""

from collections.abc import Callable, Iterable, Iterator

from api.bodies import KINDS
from api.declared import OPERATIONS
from notifications.hooks import NOBODY
from people.tokens import CALENDAR, SCOPES


def codes_of_interface(raised: Callable[[str], Iterable[str]]) -> Iterator[str]:
    """`raised` gives the codes that an exception of that name is raised with."""
    yield from (f"token_scope.{scope}" for scope in (*SCOPES, CALENDAR))
    yield from (f"webhook_error.{code}" for code in {"status", NOBODY, *(set(raised("NotAnswered")) - {"unreadable"})})
    for code in raised("Problem"):
        yield from (f"problem.{code}", f"problem.{code}.title")
    for one in OPERATIONS.values():
        yield from (f"api.op.{one.code}", *(f"api.query.{name}" for name in one.query))
    yield from (f"api.{name}" for name in ("title", "about", "token", "scope", "key", "answer", "problem"))
    unreadable = (
        "malformed",
        "string_pattern_mismatch",
        *(f"not_a_{kind}" for kind in ("case", *KINDS.values(), "object")),
    )
    yield from (f"reason.form.{code}" for code in unreadable)
