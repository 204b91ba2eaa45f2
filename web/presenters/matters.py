"""Matters as pages list them that take a step for several: which were ticked, and what came of each."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection

from cases import reading as record
from cases.at_once import TakenAtOnce
from cases.numbers import case_number
from web.context import Context
from web.presenters.lights import LightView, case_light
from workflow.model import Reason

#: The boxes of the matters in a form, beside the fields of the command.
CASES = "cases"


@dataclass(frozen=True, slots=True, kw_only=True)
class Matter:
    """One of them. `chosen`: its box is ticked; `done`: the step was taken; `reasons` say why it was not."""

    id: int
    public_id: str
    number: str
    title: str | None
    dispute_type: str
    light: LightView
    chosen: bool
    done: bool
    reasons: tuple[Reason, ...]


def matters_of(
    connection: Connection, ctx: Context, rows: Sequence[Any], *, chosen: frozenset[str] = frozenset(),
    done: Sequence[TakenAtOnce] = (),
) -> list[Matter]:  # fmt: skip
    """The rows (`cases.at_once.COLUMNS`) as the page shows them, however many. `chosen` are public ids."""
    came: Mapping[int, tuple[Reason, ...]] = {one.case_id: one.reasons for one in done}
    ids = [row.id for row in rows]
    titles = record.titles_of(connection, ids, actor=ctx.actor)
    clocks = record.clocks_of(connection, ids, actor=ctx.actor)
    return [
        Matter(
            id=row.id, public_id=row.public_id,
            number=case_number(ctx.office.short_name, row.series, row.year, row.serial),
            title=titles.get(row.id, (None, []))[0], dispute_type=row.dispute_type,
            light=case_light(clocks.get(row.id, ()), ctx), chosen=row.public_id in chosen,
            done=came.get(row.id) == (), reasons=came.get(row.id, ()),
        )
        for row in rows
    ]  # fmt: skip
