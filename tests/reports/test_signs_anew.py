"""What stands in the index of signs against what the events show: `verify` works it out anew, from what it has read itself."""

from typing import Any

import pytest
from sqlalchemy import Engine, insert, select, update

from cases.assessment_tables import Sign
from cases.tables import PersonalText
from cases.tally import keep_up
from infra.db import transaction
from ops.marks_anew import marks_anew
from tests.databases import SmallOffice, found
from tests.reports.bent import SECRET, a_bent_year, an_order, answered
from tests.reports.hand_made import at
from verify.checking import verify

SIGN, TEXT = Sign.__table__, PersonalText.__table__  # type: ignore[attr-defined]


@pytest.fixture
def office(engine: Engine) -> SmallOffice:
    """With every sign of single cases, and with an answer."""
    made = found(engine)
    a_bent_year(made)
    an_order(made, answered("2026-03-03T10:00", SECRET))
    keep_up(engine, made.context.policy.calendar)
    return made


def faults(office: SmallOffice) -> set[tuple[str, str, Any]]:
    report = verify(office.engine.url.render_as_string(hide_password=False), marks=marks_anew)
    return {(finding.code, finding.table, finding.stream) for finding in report.findings}


def test_what_was_kept_up_is_what_the_events_show(office: SmallOffice) -> None:
    with transaction(office.engine) as connection:
        assert {"answer", "late_pause"} <= set(connection.execute(select(SIGN.c.code)).scalars())
    assert faults(office) == set()


@pytest.mark.parametrize("column", [column.name for column in SIGN.columns if column.name != "case_id"])
@pytest.mark.parametrize("code", ["late_pause", "answer"])
def test_a_sign_that_was_changed_is_named(office: SmallOffice, code: str, column: str) -> None:
    value = {"code": "x", "at": at("2026-01-01T09:00"), "figures": '{"x": 1}', "alike": "x"}.get(column, 99)
    with transaction(office.engine) as connection:
        row = connection.execute(select(SIGN).where(SIGN.c.code == code)).first()
        assert row is not None
        where = (SIGN.c.case_id == row.case_id) & (SIGN.c.position == row.position)
        connection.execute(update(SIGN).where(where).values({column: value}))
    assert faults(office) == {("marks.differs", "sign", row.case_id)}


def test_a_sign_of_a_case_that_is_not_there_is_named(office: SmallOffice) -> None:
    with transaction(office.engine) as connection:
        row = connection.execute(select(SIGN)).first()
        assert row is not None
        connection.execute(insert(SIGN).values(dict(row._mapping) | {"case_id": 500}))
    assert faults(office) == {("marks.differs", "sign", 500)}


def test_an_answer_that_was_changed_is_not_alike_to_what_it_was(office: SmallOffice) -> None:
    with transaction(office.engine) as connection:
        row = connection.execute(select(TEXT).where(TEXT.c.kind == "reply", TEXT.c.content == SECRET)).one()
        where = (TEXT.c.case_id == row.case_id) & (TEXT.c.number == row.number)
        connection.execute(update(TEXT).where(where).values(content="另答" * 20))
    assert faults(office) == {("rows.text", "personal_text", row.case_id), ("marks.differs", "sign", row.case_id)}
