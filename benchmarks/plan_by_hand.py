"""The dry run as a bare loop: one SELECT of the same columns, streamed by the driver's own cursor; each clock counted
again and compared. It knows no earlier version, no crossing, no mail and no page, and makes no value of a row."""

import sqlite3
from collections.abc import Iterable, Iterator
from contextlib import closing, contextmanager
from datetime import date, datetime
from operator import itemgetter
from typing import Any, NamedTuple

import psycopg
from sqlalchemy import Engine

from cases.planning import PAGE
from cases.rows import CLOCK_COLUMNS, rungs_from
from workflow.counting import count
from workflow.policy import Policy
from workflow.policy_rules import Ladder, Rule

#: A day on which the rules are those of every clock in the book.
ON = date(2026, 12, 10)
CASE_COLUMNS = (
    "id", "public_id", "series", "year", "serial", "profile", "version", "holder_unit", "holder_person", "next_due_at",
    "next_number", "milestones",
)  # fmt: skip
COMPARED = ("profile", "name", "started_at", "due_at", "rungs", "provisional")
SELECT = (
    f"SELECT {', '.join(f'cases.{name}' for name in CASE_COLUMNS)}, {', '.join(f'clock.{name}' for name in CLOCK_COLUMNS)} "
    "FROM clock JOIN cases ON clock.case_id = cases.id WHERE clock.stopped_at IS NULL ORDER BY clock.case_id, clock.number"
)


class Counted(NamedTuple):
    """How many clocks run, how many would change, and how many of these in their due date."""

    clocks: int
    changes: int
    due_dates: int


def names_of(policy: Policy) -> list[tuple[str, str]]:
    """Every clock that can run, by profile and name."""
    return [(profile, name) for profile, one in policy.profiles.items() for name in one.clocks]


def rule_of(policy: Policy, profile: str, name: str) -> tuple[Rule, Ladder]:
    view = policy.for_profile(profile)
    rule = view.rule(name, on=ON)
    assert rule, "every clock of a profile has a rule"
    return rule, view.ladder_of(rule)


def by_hand(engine: Engine, candidate: Policy) -> Counted:
    rules = {one: rule_of(candidate, *one) for one in names_of(candidate)}
    asked = itemgetter(*((*CASE_COLUMNS, *CLOCK_COLUMNS).index(name) for name in COMPARED))
    seen = changes = due_dates = 0
    with _streamed(engine) as rows:
        for row in rows:
            profile, name, started_at, due_at, rungs, provisional = asked(row)
            if isinstance(due_at, str):  # as SQLite keeps an instant
                started_at = datetime.fromisoformat(started_at + "+00:00")
                due_at = datetime.fromisoformat(due_at + "+00:00")
            rule, ladder = rules[profile, name]
            new = count(started_at, rule.length, rule.unit, rule.kind, rule.roll, ladder, candidate.calendar)
            seen += 1
            changes += new != (due_at, rungs_from(rungs), provisional)
            due_dates += new.due_at != due_at
    return Counted(seen, changes, due_dates)


@contextmanager
def _streamed(engine: Engine) -> Iterator[Iterable[tuple[Any, ...]]]:
    """The rows as the driver gives them, one after the other."""
    if engine.dialect.name == "sqlite":
        assert engine.url.database, "a file"
        with closing(sqlite3.connect(engine.url.database)) as driver:
            yield driver.execute(SELECT)
        return
    url = engine.url.set(drivername="postgresql").render_as_string(hide_password=False)
    with psycopg.connect(url) as server, server.cursor(name="by_hand") as cursor:
        cursor.itersize = PAGE
        cursor.execute(SELECT)
        yield cursor
