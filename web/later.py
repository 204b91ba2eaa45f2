"""What a page asks for instead of making it, because that would take too long."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection

from reports.later.jobs import Asker, Report, content_of, latest_of
from web.context import Context


@dataclass(frozen=True, slots=True, kw_only=True)
class Later:
    """A kind of report with the fields of the form that asks for it, and of how many cases the events are read for it, if
    that is what takes long; `report` is there once it has been asked for."""

    kind: str
    fields: Mapping[str, Any]
    report: Report | None
    cases: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Kept:
    """What was made of a question, and the report that it is."""

    content: bytes
    report: Report


def asker_of(ctx: Context) -> Asker:
    return Asker(ctx.me.id, ctx.me.post)


def kept_for(connection: Connection, ctx: Context, kind: str, asked: Mapping[str, Any]) -> Kept | Report | None:
    """What was made of just this question for the asker; if it is not ready, how far it is; None if it was never asked."""
    found = latest_of(connection, kind, asked, asker_of(ctx))
    if found is None or not found.is_ready:
        return found
    return Kept(content=b"".join(content_of(connection, found)), report=found)
