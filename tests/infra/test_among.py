"""A set that can grow is one value of a statement: 70,000 ids are no more parameters than ten, on both databases."""

import ast
from typing import Any

import pytest
from sqlalchemy import Engine, func, select

from cases.appeals import names_of_charged
from cases.history import histories
from cases.office import load_office
from cases.tables import Case
from cases.tally import fresh_marks, tally_some
from gates.packages import packages
from infra.among import is_among
from infra.db import reading, transaction
from ledger.chain import lock_heads
from notifications.names import give_names
from people.directory import known_accounts
from reports.closures.query import statement_of
from tests.databases import engine, found, postgres_template, postgresql, sqlite, sqlite_template, step
from tests.servers import ROOT
from workflow.model import TIMERS

__all__ = ["engine", "postgres_template", "postgresql", "sqlite", "sqlite_template"]

MANY = range(1, 70_001)
WORDS = {"title": "停车位", "statement": "小区停车难。", "applicant": "白某"}

#: Every `in_` of the program, and what keeps its list short. Lists that can grow go through `is_among`.
SHORT = {
    "cases/acts.py": ("codes of steps", ""),
    "cases/finding.py": ("a query", ""),
    "cases/pictures.py": ("outcomes; profiles of the policy", ""),
    "cases/facts.py": ("the two units of a case", ""),
    "cases/handing_over.py": ("a query", ""),
    "cases/holdings.py": ("a query", ""),
    "cases/linking.py": ("kinds of links", ""),
    "cases/appeals.py": ("actor.units; an actor and whom they stand in for", "units of the office"),
    "cases/tally.py": ("outcomes", ""),
    "cases/visibility.py": ("a query, the levels below a unit; kinds of texts; texts of one case", ""),
    "cases/sign_index.py": ("kinds of signs; some tokens at a time", "TOKENS_AT_ONCE"),
    "cases/sweep.py": ("the cases of one batch", "BATCH"),
    "cases/anchors.py": ("a query", ""),
    "notifications/holding_back.py": ("limits of a crisis", ""),
    "web/presenters/work_list.py": ("the rows that were ticked", "CHOSEN"),
    "web/routes/at_once.py": ("the matters of one form", "AT_MOST"),
    "infra/statements.py": ("a list of a known length", "among"),
    "notifications/deliver.py": ("digests of one batch", "BATCH"),
    "people/audiences.py": ("roles", ""),
    "people/directory.py": ("a query", ""),
    "people/links.py": ("roles; one or two accounts; a query", ""),
    "people/signin.py": ("spellings of one name", ""),
    "people/staffing.py": ("two codes", ""),
    "people/tokens.py": ("the tokens of one account", "MOST_TOKENS"),
    "reports/bulletin/counts.py": ("codes, clocks, profiles; a query", ""),
    "reports/closures/query.py": ("a query; measures", ""),
    "reports/closures/earlier.py": ("a query", ""),
    "reports/files/handed_out.py": ("an actor and whom they stand in for", ""),
    "reports/later/jobs.py": ("a query", ""),
    "web/presenters/filters.py": ("a query, the units below one", ""),
}


def test_no_list_that_can_grow_is_spelled_out_in_a_statement() -> None:
    """Whoever writes another `in_` says here what keeps its list short."""
    using = {
        str(path.relative_to(ROOT))
        for package in packages(but_not=("workflow", "migrations"))
        for path in (ROOT / package).rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text("utf-8")))
        if isinstance(node, ast.Attribute) and node.attr in ("in_", "not_in")
    }
    assert using == set(SHORT)


@pytest.mark.parametrize("ids", [[], [1], [1, 1, 3], range(2, 100_000)], ids=lambda ids: str(len(ids)))
def test_a_column_is_among_them_or_not(engine: Engine, ids: Any) -> None:
    office = found(engine)
    cases = [office.tell("petition", step("2026-03-02T09:00", "clerk", "Register", **WORDS)).case_id for _ in range(3)]
    assert cases == [1, 2, 3]
    with reading(engine) as connection:
        table = Case.__table__.c  # type: ignore[attr-defined]
        rows = connection.execute(select(table.id).where(is_among(table.id, ids)).order_by(table.id)).scalars().all()
        none = connection.execute(select(func.count()).select_from(Case).where(~is_among(table.id, ids))).scalar_one()
    assert list(rows) == [one for one in cases if one in set(ids)]
    assert none == 3 - len(rows)


def test_whatever_takes_a_set_of_ids_takes_seventy_thousand(engine: Engine) -> None:
    office = found(engine)
    office.tell("petition", step("2026-03-02T09:00", "clerk", "Register", **WORDS))
    with reading(engine) as connection:
        context = load_office(connection)
        calendar = context.policy.calendar
        assert len(list(histories(connection, actor=TIMERS, cases=MANY))) == 1
        assert len(fresh_marks(connection, calendar, MANY)) == 1
        assert len(names_of_charged(connection, MANY, actor=office.actors["supervisor"])) == 1
        assert len(known_accounts(connection, MANY)) == len(office.accounts)
        assert len(connection.execute(statement_of(TIMERS, MANY, ["title"], masked=False)).all()) == 1
    with transaction(engine) as connection:
        assert len(lock_heads(connection, MANY)) == 1
        give_names(connection, MANY)
        assert tally_some(connection, calendar, at_most=70_000) == 1
