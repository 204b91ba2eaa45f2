"""Who may act, who is told and what a page shows as a score: rows that somebody changed behind the ledger's back are named."""

import json
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import Connection, delete, insert, select, update

from cases.office import load_office
from cases.tally import keep_up
from infra.db import open_engine, reading, transaction
from notifications.forwarding import forward
from ops.marks_anew import marks_anew
from people.directory import Person, person
from people.links import make_link, use_link
from people.posts import end_post, give_post
from people.signin import act_as, begin_session, set_password
from people.staffing import change_name, choose_profiles, choose_scheme, close_account, move_account, reopen_account
from people.units import add_unit, add_unit_above, close_unit, move_unit, rename_unit
from tests.verify.records import ACCOUNTS, EVENT, HOTLINE, MEDIATION, MESSAGE, PETITION, START, TABLES, Record, named
from verify.checking import verify
from workflow.model import TIMERS, AccountId, CaseId, Role, UnitId

OFFICE, UNIT, ABOVE, ACCOUNT = (TABLES[name] for name in ("office", "unit", "unit_above", "account"))
SESSION, LINK, RECUSAL, HEAD = (TABLES[name] for name in ("web_session", "signin_link", "recusal", "stream_head"))
MARK, TALLY = TABLES["mark"], TABLES["tally"]
CLERK, SUPERVISOR = AccountId(1), AccountId(4)
LATER = START + timedelta(days=41)


@pytest.fixture
def lived_in(record: Record) -> Record:
    """The record after everything that people do to accounts, units and the office, with its marks counted."""
    engine = open_engine(record.url)
    try:
        with transaction(engine) as connection:
            link = make_link(connection, CLERK, now=LATER)
            used = use_link(connection, link, browser="browser", now=LATER)
            assert used is not None
            set_password(connection, CLERK, "a hash", now=LATER)
            begin_session(connection, account=CLERK, now=LATER)
            begin_session(connection, case=CaseId(PETITION), now=LATER)
            make_link(connection, SUPERVISOR, now=LATER)
            close_account(connection, AccountId(5), now=LATER)
            forward(connection, now=LATER)
            reopen_account(connection, AccountId(5), now=LATER)
            add_unit_above(connection, name="市", kind="upstream", top=UnitId(1), now=LATER)
            choose_profiles(connection, ("petition",), before=("petition", "hotline"), actor=TIMERS, now=LATER)
            post = give_post(connection, CLERK, role=Role.MEDIATOR, unit=UnitId(3), actor=TIMERS, now=LATER)
            act_as(
                connection, begin_session(connection, account=CLERK, now=LATER), _acting(connection, post), now=LATER
            )
            end_post(connection, post, actor=TIMERS, now=LATER)
            spare = add_unit(connection, name="小组", kind="unit", parent=UnitId(2), now=LATER)
            move_unit(connection, spare, UnitId(3), actor=TIMERS, now=LATER)
            rename_unit(connection, spare, "一组", actor=TIMERS, now=LATER)
            close_unit(connection, spare, open_cases=0, actor=TIMERS, now=LATER)
            change_name(connection, CLERK, "白某", actor=TIMERS, now=LATER)
            move_account(connection, CLERK, UnitId(3), actor=TIMERS, now=LATER)
            choose_scheme(connection, "RATES-B", before="LIGHTS-A", actor=TIMERS, now=LATER)
        with reading(engine) as connection:
            calendar = load_office(connection).policy.calendar
        keep_up(engine, calendar)
    finally:
        engine.dispose()
    return record


def _acting(connection: Connection, post: int) -> Person:
    found = person(connection, CLERK, post=post)
    assert found is not None
    return found


def faults(record: Record) -> set[tuple[str, str, Any, Any, str | None]]:
    return named(verify(record.url, marks=marks_anew))


def test_what_people_do_to_accounts_units_and_the_office_is_in_order(lived_in: Record) -> None:
    report = verify(lived_in.url, marks=marks_anew)
    assert report.ok, report.text()
    assert report.counts["marks"] == 3
    assert (
        report.counts["office"] == 1 + 5 + len(ACCOUNTS) + 1 + 3 + 1
    )  # office, units, accounts, a post; sessions, a link


@pytest.mark.parametrize(
    ("column", "value"),
    [
        ("role", "auditor"), ("unit_id", 1), ("login", "admin"), ("name", "别人"), ("email", "x@example.org"),
        ("password_hash", "another"), ("password_hash", None), ("language", "en"), ("active", False),
        ("created_at", START - timedelta(days=1)),
    ],
)  # fmt: skip
def test_an_account_that_was_changed_is_named(lived_in: Record, column: str, value: Any) -> None:
    with lived_in.attacked() as connection:
        connection.execute(update(ACCOUNT).where(ACCOUNT.c.id == CLERK).values({column: value}))
    assert faults(lived_in) == {("office.differs", "account", None, "1", column)}


@pytest.mark.parametrize(
    ("column", "value"),
    [
        ("role", "supervisor"), ("unit_id", 1), ("account_id", 2), ("stands_in_for", 2), ("active", True), ("ended_at", None),
        ("until_at", LATER), ("from_at", START), ("given_by", 1),
    ],
)  # fmt: skip
def test_a_post_that_was_changed_is_named(lived_in: Record, column: str, value: Any) -> None:
    with lived_in.attacked() as connection:
        connection.execute(update(TABLES["post"]).values({column: value}))
    assert faults(lived_in) == {("office.differs", "post", None, "1", column)}


def test_as_whom_a_browser_acts_is_proved(lived_in: Record) -> None:
    with lived_in.attacked() as connection:
        connection.execute(update(SESSION).where(SESSION.c.post_id.is_not(None)).values(post_id=None))
    (fault,) = faults(lived_in)
    assert (fault[0], fault[1], fault[4]) == ("office.differs", "web_session", "post_id")


def test_what_somebody_changed_by_hand_is_not_vouched_for_by_the_next_event_about_the_account(lived_in: Record) -> None:
    with lived_in.attacked() as connection:
        connection.execute(update(ACCOUNT).where(ACCOUNT.c.id == CLERK).values(role="auditor"))
    engine = open_engine(lived_in.url)
    with transaction(engine) as connection:
        set_password(connection, CLERK, "another hash", now=LATER)
    engine.dispose()
    assert faults(lived_in) == {("office.differs", "account", None, "1", "role")}


def test_an_auditor_whom_no_event_knows_is_named(lived_in: Record) -> None:
    with lived_in.attacked() as connection:
        row = connection.execute(select(ACCOUNT).where(ACCOUNT.c.id == CLERK)).one()._mapping
        connection.execute(insert(ACCOUNT).values(dict(row) | {"id": 77, "login": "shadow", "role": "auditor"}))
    assert faults(lived_in) == {("office.orphan", "account", None, "77", None)}


@pytest.mark.parametrize(("table", "key"), [(ACCOUNT, 5), (UNIT, 4)])
def test_an_account_or_unit_that_was_taken_out_is_named(lived_in: Record, table: Any, key: int) -> None:
    with lived_in.attacked() as connection:
        connection.execute(delete(SESSION)), connection.execute(delete(LINK))
        connection.execute(update(UNIT).where(UNIT.c.id == 1).values(parent_id=None))
        connection.execute(delete(ABOVE).where(ABOVE.c.above == 4))
        connection.execute(delete(table).where(table.c.id == key))
    assert ("office.missing", str(table.name), None, str(key), None) in faults(lived_in)


@pytest.mark.parametrize(
    ("table", "column", "value"),
    [
        (OFFICE, "name", "别处"), (OFFICE, "short_name", "别"), (OFFICE, "profiles", "hotline"),
        (OFFICE, "scheme", None), (OFFICE, "demo", True), (OFFICE, "simulation", True),
        (OFFICE, "created_at", START + timedelta(days=1)), (UNIT, "name", "别处"), (UNIT, "kind", "centre"),
        (UNIT, "takes_intake", True),
    ],
)  # fmt: skip
def test_an_office_or_unit_that_was_changed_is_named(lived_in: Record, table: Any, column: str, value: Any) -> None:
    with lived_in.attacked() as connection:
        connection.execute(update(table).where(table.c.id == 1).values({column: value}))
    assert faults(lived_in) == {("office.differs", table.name, None, "1", column)}


def test_another_calendar_is_named_and_that_no_marks_can_be_worked_out_by_it(lived_in: Record) -> None:
    with lived_in.attacked() as connection:
        connection.execute(update(OFFICE).values(calendar="nowhere"))
    assert faults(lived_in) == {
        ("office.differs", "office", None, "1", "calendar"), ("marks.unreadable", "office", None, 1, None),
    }  # fmt: skip


def test_a_unit_that_was_moved_is_named_and_so_are_levels_that_do_not_follow(lived_in: Record) -> None:
    with lived_in.attacked() as connection:
        connection.execute(update(UNIT).where(UNIT.c.id == 3).values(parent_id=1))
    found = faults(lived_in)
    assert ("office.differs", "unit", None, "3", "parent_id") in found
    assert ("office.levels", "unit_above", None, 3, None) in found


@pytest.mark.parametrize("change", ["depth", "another", "gone"])
def test_levels_above_a_unit_that_were_changed_are_named(lived_in: Record, change: str) -> None:
    row = (ABOVE.c.unit == 3) & (ABOVE.c.above == 1)
    with lived_in.attacked() as connection:
        match change:
            case "depth":
                connection.execute(update(ABOVE).where(row).values(depth=5))
            case "another":
                connection.execute(insert(ABOVE).values(unit=2, above=3, depth=1))
            case _:
                connection.execute(delete(ABOVE).where(row))
    assert faults(lived_in) == {("office.levels", "unit_above", None, 2 if change == "another" else 3, None)}


def test_a_session_that_nobody_began_and_a_link_that_nobody_made_are_named(lived_in: Record) -> None:
    with lived_in.attacked() as connection:
        for table in (SESSION, LINK):
            row = connection.execute(select(table).where(table.c.account_id.is_not(None))).first()
            assert row is not None
            connection.execute(insert(table).values(dict(row._mapping) | {"token_hash": "forged"}))
    assert faults(lived_in) == {
        ("office.orphan", "web_session", None, "forged", None), ("office.orphan", "signin_link", None, "forged", None),
    }  # fmt: skip


@pytest.mark.parametrize(
    ("table", "column", "value"),
    [
        (SESSION, "account_id", 2), (SESSION, "account_id", None), (SESSION, "by_link", True), (SESSION, "created_at", LATER + timedelta(days=9)),
        (LINK, "account_id", 2), (LINK, "expires_at", LATER + timedelta(days=99)), (LINK, "reusable", True),
        (LINK, "used_at", LATER),
    ],
)  # fmt: skip
def test_a_session_or_link_that_was_changed_is_named(lived_in: Record, table: Any, column: str, value: Any) -> None:
    with lived_in.attacked() as connection:
        connection.execute(update(table).where(table.c.account_id.is_not(None)).values({column: value}))
    assert {(code, name, said) for code, name, *_, said in faults(lived_in)} == {("office.differs", table.name, column)}


def test_sessions_and_links_that_ended_leave_nothing_to_complain_of(lived_in: Record) -> None:
    with lived_in.attacked() as connection:
        connection.execute(delete(SESSION))
        connection.execute(delete(LINK))
    assert faults(lived_in) == set()


# -- who is told ------------------------------------------------------------------------------------------------------


def a_message(connection: Connection) -> Any:
    return connection.execute(select(MESSAGE).where(MESSAGE.c.stream == HOTLINE).order_by(MESSAGE.c.seq)).first()


def test_a_mail_that_was_taken_away_is_named(lived_in: Record) -> None:
    with lived_in.attacked() as connection:
        mail = a_message(connection)
        connection.execute(delete(MESSAGE).where(MESSAGE.c.id == mail.id))
    assert faults(lived_in) == {("messages.missing", "message", HOTLINE, mail.seq, "recipient")}


def test_a_mail_that_somebody_else_gets_is_named(lived_in: Record) -> None:
    with lived_in.attacked() as connection:
        mail = a_message(connection)
        connection.execute(update(MESSAGE).where(MESSAGE.c.id == mail.id).values(recipient=77))
    assert faults(lived_in) == {
        ("messages.missing", "message", HOTLINE, mail.seq, "recipient"),
        ("messages.not_told", "message", HOTLINE, mail.seq, "recipient"),
    }


def test_a_mail_of_a_closed_account_that_its_heir_did_not_get_is_named(lived_in: Record) -> None:
    with lived_in.attacked() as connection:
        said = connection.execute(select(EVENT.c.data).where(EVENT.c.code == "mails:passed_on")).scalar_one()
        stream, seq, _, heirs = next(mail for mail in json.loads(said)["mails"] if mail[3])
        theirs = (MESSAGE.c.stream == stream) & (MESSAGE.c.seq == seq) & MESSAGE.c.recipient.in_(heirs)
        assert connection.execute(delete(MESSAGE).where(theirs)).rowcount == len(heirs)
    assert faults(lived_in) == {("messages.missing", "message", stream, seq, "recipient")}


def test_somebody_who_was_kept_from_a_case_is_named(lived_in: Record) -> None:
    with lived_in.attacked() as connection:
        connection.execute(insert(RECUSAL).values(case_id=MEDIATION, person=2))
    assert faults(lived_in) == {("rows.orphan", "recusal", MEDIATION, 2, None)}


# -- what a page shows as a score -------------------------------------------------------------------------------------


def test_a_tally_that_was_changed_added_or_taken_out_is_named(lived_in: Record) -> None:
    with lived_in.attacked() as connection:
        first, second = connection.execute(select(TALLY).order_by(TALLY.c.measure, TALLY.c.person).limit(2)).all()
        for row, change in ((first, update(TALLY).values(n=first.n + 1)), (second, delete(TALLY))):
            key = [TALLY.c[name] == getattr(row, name) for name in ("year", "unit", "person", "measure", "outcome")]
            connection.execute(change.where(*key))
        connection.execute(insert(TALLY).values(year=2026, unit=3, person=0, measure="closed", outcome="x", n=9))
    names = [" ".join(str(v) for v in (r.year, r.unit, r.person, r.measure, r.outcome)) for r in (first, second)]
    assert faults(lived_in) == {
        ("marks.tally", "tally", None, name, "n") for name in (*names, "2026 3 0 closed x")
    }  # fmt: skip


@pytest.mark.parametrize("column", [c.name for c in MARK.columns if c.name != "case_id"])
def test_a_mark_that_was_changed_is_named_by_the_program(lived_in: Record, column: str) -> None:
    with lived_in.attacked() as connection:
        row = connection.execute(select(MARK).order_by(MARK.c.case_id, MARK.c.position)).first()
        assert row is not None
        value = {
            "at": START - timedelta(days=400),
            "measure": "crisis",
            "outcome": "x",
            "rule": "X",
            "ground": "x",
        }.get(column, 99)
        where = (MARK.c.case_id == row.case_id) & (MARK.c.position == row.position)
        connection.execute(update(MARK).where(where).values({column: value}))
    assert ("marks.differs", "mark", row.case_id, None, None) in faults(lived_in)


def test_marks_of_a_case_that_is_not_there_are_named(lived_in: Record) -> None:
    with lived_in.attacked() as connection:
        row = connection.execute(select(MARK)).first()
        assert row is not None
        connection.execute(insert(MARK).values(dict(row._mapping) | {"case_id": 500}))
    assert ("marks.differs", "mark", 500, None, None) in faults(lived_in)


def test_events_that_nobody_can_count_are_named_and_the_other_cases_are_looked_at(lived_in: Record) -> None:
    with lived_in.attacked() as connection:
        connection.execute(update(EVENT).where(EVENT.c.stream == PETITION).values(code="case:unheard_of"))
    found = faults(lived_in)
    assert ("marks.unreadable", "mark", PETITION, None, None) in found
    assert not {place for place in found if place[0].startswith("marks") and place[2] in (HOTLINE, MEDIATION)}


HEADS = {"anchored": "chains.anchored", "tallied": "chains.tallied"}


@pytest.mark.parametrize(("column", "value"), [("anchored", 1), ("tallied", 99), ("tallied", -1)])
def test_a_head_that_claims_to_be_anchored_or_counted_further_is_named(
    lived_in: Record, column: str, value: int
) -> None:
    with lived_in.attacked() as connection:
        connection.execute(update(HEAD).where(HEAD.c.stream == MEDIATION).values({column: value}))
    assert {(code, said) for code, *_, said in faults(lived_in)} == {(HEADS[column], column)}
