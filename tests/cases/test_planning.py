"""The dry run and what it becomes: every running clock that would move, exactly that plan applied, or nothing at all."""

import json
from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime

import pytest
from sqlalchemy import Engine

from cases.moving import Applied, BookHasMoved, apply_plan
from cases.office import load_office
from cases.planning import Change, Plan, planned
from cases.policies import candidate_of, files_of, versions
from cases.sweep import sweep
from infra.db import owned, reading
from reports.years.assessment import counts_of_case, points_of
from tests.cases.orders import an_order
from tests.cases.records import DAY, World, local
from workflow.model import Actor, RecordNumber, Role
from workflow.policy_files import PolicyIsWrong
from workflow.procedures.every_case.commands import Accept, DecideWaiver
from workflow.procedures.petition.commands import RespondFirst

ADMINISTRATOR = Actor(account=None, role=Role.ADMINISTRATOR, unit=None)
MONDAY = local("2026-12-28 09:00")
#: An invented notice: of 2027 the first working days are off too, and Saturday 9 January is worked.
NOTICE = """
[[calendar]]
id = "cn"
zone = "Asia/Shanghai"
year = 2027
source = "虚构的通知"
off = [2027-01-01, 2027-01-04, 2027-02-05, 2027-02-06, 2027-02-07, 2027-02-08]
work = [2027-01-09]
"""
CALENDAR = {"calendars/cn-2027.toml": NOTICE.encode()}


def plan(
    world: World, given: Mapping[str, bytes], *, now: datetime, keep_rules: bool = False
) -> tuple[Plan, list[Change]]:
    changes: list[Change] = []
    with reading(world.engine) as connection:
        _, candidate = candidate_of(connection, given, calendar="cn")
        found = planned(connection, candidate, now=now, keep_rules=keep_rules, note=changes.append)
    return found, changes


def apply(
    world: World, plan_id: str, given: Mapping[str, bytes], *, now: datetime, keep_rules: bool = False
) -> Applied:
    with reading(world.engine) as connection:
        files, candidate = candidate_of(connection, given, calendar="cn")
    return apply_plan(world.engine, plan_id, files, candidate, actor=ADMINISTRATOR, now=now, keep_rules=keep_rules)


def reloaded(world: World) -> World:
    with reading(world.engine) as connection:
        return replace(world, office=load_office(connection))


def edited(world: World, name: str, old: str, new: str) -> dict[str, bytes]:
    """One published file with one passage changed."""
    with reading(world.engine) as connection:
        text = files_of(connection, versions(connection)[-1])[name].decode()
    assert text.count(old) == 1
    return {name: text.replace(old, new).encode()}


def an_order_of(world: World, at: datetime) -> int:
    """A hotline order that came in at an instant and was accepted: the order's clock alone runs."""
    case = world.open("hotline", at=at).case_id
    world.take(case, Accept(), by="clerk", at=at)
    return case


def clock(world: World, case: int, name: str = "order") -> dict[str, object]:
    (row,) = world.rows("SELECT * FROM clock WHERE case_id = :c AND name = :n AND stopped_at IS NULL", c=case, n=name)
    return row


def test_a_new_calendar_lists_exactly_the_provisional_clocks_moves_them_and_then_lists_nothing(world: World) -> None:
    an_order_of(world, local("2026-03-02 09:00"))
    moved = an_order_of(world, MONDAY)  # 12/29, 30, 31, then 1/4, 1/5; by the notice 1/5, 1/6
    found, changes = plan(world, CALENDAR, now=MONDAY)
    provisional = world.rows("SELECT case_id, number FROM clock WHERE stopped_at IS NULL AND provisional")
    assert [(row["case_id"], row["number"]) for row in provisional] == [
        (change.book.case_id, change.before.number) for change in changes
    ]
    (change,) = changes
    assert change.book.case_id == moved
    assert (change.before.due_at, change.after.due_at) == (local("2027-01-06 00:00"), local("2027-01-07 00:00"))
    assert (change.before.provisional, change.after.provisional) == (True, False)
    assert (found.clocks, found.changes, found.due_dates, found.lights, found.mails) == (2, 1, 1, 0, 3)
    before = world.everything()
    assert plan(world, CALENDAR, now=MONDAY)[0] == found
    assert world.everything() == before, "a plan changes nothing"

    done = apply(world, found.id, CALENDAR, now=MONDAY)
    assert (done.events, done.mails) == (1, 3), "whoever takes it in, and the head of the centre"
    (recounted,) = world.rows("SELECT * FROM event WHERE code = 'clock:recounted'")
    data = json.loads(recounted["data"])
    assert (data["plan"], data["was"]["due_at"], data["is"]["due_at"]) == (
        found.id, "2027-01-05T16:00:00.000000Z", "2027-01-06T16:00:00.000000Z",
    )  # fmt: skip
    assert world.case(moved)["next_due_at"] == local("2027-01-07 00:00")
    assert plan(world, CALENDAR, now=MONDAY)[0].changes == 0
    assert world.column("SELECT count(*) FROM clock WHERE stopped_at IS NULL AND provisional") == [0]
    assert world.ledger_agrees()


def test_the_plan_is_refused_when_the_book_has_moved_and_nothing_is_done(world: World) -> None:
    case = an_order_of(world, MONDAY)
    found, _ = plan(world, CALENDAR, now=MONDAY)
    world.take(case, RespondFirst(note="已答复"), by="clerk", at=MONDAY)
    before = world.everything()
    with pytest.raises(BookHasMoved) as moved:
        apply(world, found.id, CALENDAR, now=MONDAY)
    assert world.everything() == before
    assert moved.value.now.id == plan(world, CALENDAR, now=MONDAY)[0].id != found.id


def test_what_has_nothing_to_do_with_the_plan_does_not_stop_it(world: World) -> None:
    an_order_of(world, MONDAY)
    other = an_order_of(world, local("2026-03-02 09:00"))
    found, _ = plan(world, CALENDAR, now=MONDAY)
    world.take(other, RespondFirst(note="已答复"), by="clerk", at=MONDAY)
    sweep(world.engine, now=MONDAY + DAY / 24)
    assert apply(world, found.id, CALENDAR, now=MONDAY + DAY / 24).events == 1
    assert world.ledger_agrees()


@pytest.mark.parametrize("table", ["policy_version", "clock", "event", "message"])
def test_an_apply_that_fails_half_way_leaves_nothing(table: str, world: World) -> None:
    for _ in range(3):
        an_order_of(world, MONDAY)
    found, _ = plan(world, CALENDAR, now=MONDAY)
    before = world.everything()
    with failing_on(world.engine, table), pytest.raises(Exception, match="planted"):
        apply(world, found.id, CALENDAR, now=MONDAY)
    assert world.everything() == before
    assert apply(world, found.id, CALENDAR, now=MONDAY).events == 3


class failing_on:  # noqa: N801 (reads as a sentence)
    """Lets the first statement that writes a table fail."""

    def __init__(self, engine: Engine, table: str) -> None:
        self._engine, self._table = engine, table

    def __enter__(self) -> None:
        with owned(self._engine) as owning, owning.begin() as connection:
            if connection.dialect.name == "sqlite":
                verb = "UPDATE" if self._table == "clock" else "INSERT"
                connection.exec_driver_sql(
                    f"CREATE TRIGGER planted BEFORE {verb} ON {self._table} BEGIN SELECT RAISE(ABORT, 'planted'); END"
                )
            else:
                verb = "UPDATE" if self._table == "clock" else "INSERT"
                connection.exec_driver_sql(
                    "CREATE FUNCTION planted() RETURNS trigger LANGUAGE plpgsql AS "
                    "$$ BEGIN RAISE EXCEPTION 'planted'; END $$"
                )
                connection.exec_driver_sql(
                    f"CREATE TRIGGER planted BEFORE {verb} ON {self._table} FOR EACH ROW EXECUTE FUNCTION planted()"
                )

    def __exit__(self, *_: object) -> None:
        with owned(self._engine) as owning, owning.begin() as connection:
            on = f" ON {self._table}" if connection.dialect.name == "postgresql" else ""
            connection.exec_driver_sql(f"DROP TRIGGER planted{on}")
            if connection.dialect.name == "postgresql":
                connection.exec_driver_sql("DROP FUNCTION planted")


def test_a_red_that_was_lit_stays_and_a_waiver_is_proposed_which_an_assessor_decides(world: World) -> None:
    # Due 1/5 by the provisional calendar, 1/6 by the notice, which comes on 1/6 in the morning: red was lit on 1/6 00:00.
    case, morning = an_order_of(world, MONDAY), local("2027-01-06 09:00")
    sweep(world.engine, now=morning)
    found, (change,) = plan(world, CALENDAR, now=morning)
    assert (change.light_before, change.light_after) == ("red", "red")
    assert change.waiver_proposed == ("red",)  # yellow was due on 1/4, by the notice on 1/5: lit by now either way
    apply(world, found.id, CALENDAR, now=morning)
    world = reloaded(world)
    (waiver,) = world.rows("SELECT * FROM waiver")
    assert (waiver["case_id"], waiver["rung"], waiver["decision"]) == (case, "red", None)
    row = clock(world, case)
    assert [rung[0] for rung in json.loads(str(row["rungs"]))] == ["yellow", "half_yellow", "red", "red_5wd"]
    sweep(world.engine, now=local("2027-01-20 09:00"))
    assert world.column(
        "SELECT count(*) FROM event WHERE code = 'clock:crossed' AND data LIKE '%\"rung\":\"red\"%'"
    ) == [1]
    assert points(world, case) == -1
    world.take(
        case, DecideWaiver(waiver=RecordNumber(waiver["number"]), decision="upheld", reason="日历变动"),
        by="assessor", at=local("2027-01-20 10:00"),
    )  # fmt: skip
    assert points(world, case) == -0.5, "the yellow counts"
    assert world.ledger_agrees()


def points(world: World, case: int) -> float:
    with reading(world.engine) as connection:
        scheme = world.office.policy.schemes["LIGHTS-A"]
        assessor = world.actor("assessor")
        own = counts_of_case(connection, case, actor=assessor, office=world.office)
        return float(points_of(own, scheme))


def test_a_new_rule_moves_running_clocks_or_leaves_them_as_the_plan_says(world: World) -> None:
    now = local("2026-03-02 09:00")
    case = an_order_of(world, now)  # five working days: due 3/9
    given = orders_of(world, 7)
    assert plan(world, given, now=now, keep_rules=True)[1] == []
    found, (change,) = plan(world, given, now=now)
    assert (change.before.length, change.after.length) == (5, 7)
    kept = plan(world, given, now=now, keep_rules=True)[0]
    apply(world, kept.id, given, now=now, keep_rules=True)
    world = reloaded(world)
    row = clock(world, case)
    assert (row["length"], row["policy"]) == (5, change.before.policy), "it keeps the version it started under"
    newer = an_order_of(world, now)
    assert clock(world, newer)["length"] == 7
    again, (late,) = plan(world, given, now=now)
    assert late.book.case_id == case
    apply(world, again.id, given, now=now)
    assert clock(world, case)["length"] == 7
    assert clock(world, case)["policy"] == again.version
    assert found.version == again.version
    assert world.ledger_agrees()


def orders_of(world: World, days: int) -> dict[str, bytes]:
    """HOT-07 with so many working days instead of five."""
    with reading(world.engine) as connection:
        text = files_of(connection, versions(connection)[-1])["rules/hotline.toml"].decode()
    before, at, after = text.partition('id = "HOT-07"')
    return {"rules/hotline.toml": (before + at + after.replace("length = 5", f"length = {days}", 1)).encode()}


def test_another_ladder_changes_lights_and_recipients(world: World) -> None:
    friday = local("2026-03-06 09:00")
    case = an_order(world)
    sweep(world.engine, now=friday)  # yellow since 3/6 00:00 under `third`
    given = edited(
        world, "profiles/orders.toml",
        'matter = "hotline"\nprocedure = "petition"\nseries = "热线字"\nladder = "third"',
        'matter = "hotline"\nprocedure = "petition"\nseries = "热线字"\nladder = "post"',
    )  # fmt: skip
    found, (change,) = plan(world, given, now=friday)
    assert change.book.case_id == case
    assert (found.due_dates, found.proposals) == (0, 1), "yellow stays lit; `post` would not have lit it"
    assert (change.light_before, change.light_after) == ("yellow", "yellow")
    apply(world, found.id, given, now=friday)
    world = reloaded(world)
    rungs = {code: at for code, _, at, _ in json.loads(str(clock(world, case)["rungs"]))}
    assert rungs["red"] == "2026-03-16T16:00:00.000000Z", "24:00 of the fifth working day after 3/9"
    assert world.ledger_agrees()


def test_a_rung_that_the_new_count_puts_into_the_past_lights_at_the_move_and_is_told(world: World) -> None:
    case, now = an_order(world), local("2026-03-05 09:00")
    shorter = orders_of(world, 3)
    # Three working days: 3/3, 3/4, 3/5; yellow (k=1) from 3/5 00:00, which nobody could know before now.
    found, (change,) = plan(world, shorter, now=now)
    assert (change.light_before, change.light_after) == ("green", "yellow")
    assert [rung.at for rung in change.crossing] == [now]
    apply(world, found.id, shorter, now=now)
    sweep(reloaded(world).engine, now=now)
    (lit,) = world.rows("SELECT occurred_at, data FROM event WHERE code = 'clock:crossed' AND stream = :s", s=case)
    assert json.loads(lit["data"])["rung"] == "yellow"
    assert found.mails == 5, "yellow and the new due date, each to the holder and the head; the duty leader by digest"
    assert world.column("SELECT count(*) FROM message WHERE stream = :s AND recorded_at >= :n", s=case, n=now) == [5]
    assert world.ledger_agrees()


def test_a_file_that_is_wrong_is_never_planned(world: World) -> None:
    wrong = {"calendars/cn-2027.toml": NOTICE.replace("2027-01-04", "2027-01-01").encode()}
    before = world.everything()
    with pytest.raises(PolicyIsWrong) as refused:
        plan(world, wrong, now=MONDAY)
    (fault,) = refused.value.faults
    assert (fault.file, fault.line, fault.code) == ("calendars/cn-2027.toml", 7, "policy.day_twice")
    assert world.everything() == before


def test_progress_is_told_and_every_page_is_read(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("cases.planning.PAGE", 2)
    for _ in range(5):
        an_order_of(world, MONDAY)
    told: list[int] = []
    with reading(world.engine) as connection:
        _, candidate = candidate_of(connection, CALENDAR, calendar="cn")
        found = planned(connection, candidate, now=MONDAY, progress=told.append)
    assert (found.clocks, found.changes, told) == (5, 5, [2, 4, 5])


def test_two_clocks_of_one_case_move_in_two_events_in_batches_of_one(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("cases.moving.BATCH", 1)
    case = world.open("enterprise", at=local("2026-12-31 09:00")).case_id  # first response and order
    found, changes = plan(world, CALENDAR, now=local("2026-12-31 10:00"))
    assert [change.book.case_id for change in changes] == [case, case]
    assert apply(world, found.id, CALENDAR, now=local("2026-12-31 10:00")).events == 2
    assert world.case(case)["version"] == 3
    assert world.ledger_agrees()
