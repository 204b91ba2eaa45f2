"""The third red of a unit in a local month: told once, to the four who answer for it, and only reds that count."""

import email
import email.policy
import json
import logging
import time
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Connection, text

from cases.moving import apply_plan
from cases.planning import planned
from cases.policies import candidate_of
from cases.sweep import sweep
from cases.thirds import warn_of_third_reds
from infra.db import reading, transaction
from infra.settings import Settings
from notifications.deliver import Delivered, deliver
from tests.cases.orders import an_order
from tests.cases.records import World, local
from workflow.model import TIMERS, AccountId, RecordNumber
from workflow.procedures.every_case.commands import Accept, AppealLight, DecideWaiver
from workflow.procedures.petition.commands import Assign, Close, ContactPerson, FindNotOurs, Reopen, Reply, SignFor

#: A hotline order that comes in on Monday 2026-03-02 has five working days, 03-03 to 03-09: red from 03-10 00:00.
RED = local("2026-03-10 00:00")


def at_the_centre(world: World, came_in: str) -> int:
    """An order that was accepted and assigned to nobody: the centre holds it, and one clock of five working days runs."""
    case = world.open("hotline", at=local(came_in)).case_id
    world.take(case, Accept(), by="clerk", at=local(came_in))
    return case


def warned(world: World, now: datetime) -> int:
    """What the job tells of, after a sweep at the same instant."""
    sweep(world.engine, now=now)
    return warn_of_third_reds(world.engine, world.office.policy.calendar, now=now)


def told_of(world: World) -> list[dict[str, Any]]:
    """The events of third reds: whose, in which month, which reds, and who got a mail."""
    names = {actor.account: name for name, actor in world.stage.people.items()}
    units = {unit: name for name, unit in world.stage.units.items()}
    found = []
    for event in (event for event in world.events(0) if event["code"] == "unit:third_red"):
        data = json.loads(event["data"])
        mails = world.column("SELECT recipient FROM message WHERE stream = 0 AND seq = :q", q=event["seq"])
        del data["schema"]
        found.append({**data, "unit": units[data["unit"]], "told": sorted(names[person] for person in mails)})
    return found


def red_of(world: World, case: int) -> list[int]:
    """Where in the ledger the red of a case stands."""
    (seq,) = [
        event["seq"]
        for event in world.events(case)
        if event["code"] == "clock:crossed" and json.loads(event["data"])["light"] == "red"
    ]
    return [case, seq]


# -- the third one ----------------------------------------------------------------------------------------------------


def test_the_third_red_is_told_once_to_head_duty_leader_upstream_and_assessment_office(world: World) -> None:
    orders = [an_order(world) for _ in range(3)]
    assert warned(world, RED) == 1
    assert told_of(world) == [
        {
            "unit": "room",
            "month": "2026-03",
            "events": [red_of(world, case) for case in orders],
            "told": ["assessor", "duty_leader", "supervisor", "upstream"],
        }
    ]
    (event,) = [event for event in world.events(0) if event["code"] == "unit:third_red"]
    assert (event["recorded_at"], event["actor"], event["role"]) == (RED, None, TIMERS.role.value)
    before = world.everything()
    assert warned(world, RED) == 0
    assert world.everything() == before
    assert world.ledger_agrees()


def test_a_fourth_red_of_the_month_is_not_told_again(sqlite_world: World) -> None:
    for _ in range(3):
        an_order(sqlite_world)
    assert warned(sqlite_world, RED) == 1
    later = at_the_centre(sqlite_world, "2026-03-03 09:00")
    assign = Assign(unit=sqlite_world.stage.units["room"], handler=AccountId(sqlite_world.account("mediator")))
    sqlite_world.take(later, assign, by="coordinator", at=local("2026-03-03 10:00"))
    # Five working days from 03-03: red from 03-11; not contacted within one, red from 03-05: two more of the room.
    assert warned(sqlite_world, local("2026-03-12 09:00")) == 0
    assert len(told_of(sqlite_world)) == 1


def test_two_reds_are_not_told(sqlite_world: World) -> None:
    for _ in range(2):
        an_order(sqlite_world)
    assert warned(sqlite_world, local("2026-03-31 09:00")) == 0
    assert told_of(sqlite_world) == []


def test_three_yellows_are_no_reds(sqlite_world: World) -> None:
    for _ in range(3):
        an_order(sqlite_world)
    assert warned(sqlite_world, local("2026-03-09 23:59")) == 0


def test_the_reds_of_two_units_are_not_added_together(world: World) -> None:
    for _ in range(2):
        an_order(world)
        at_the_centre(world, "2026-03-02 09:00")
    assert warned(world, RED) == 0
    third = at_the_centre(world, "2026-03-03 09:00")  # red from 03-11
    assert warned(world, local("2026-03-11 00:00")) == 1
    (found,) = told_of(world)
    # The head of the centre is its duty leader as well, and gets one mail.
    assert (found["unit"], found["told"]) == ("centre", ["assessor", "duty_leader", "upstream"])
    assert found["events"][-1] == red_of(world, third)


def test_each_unit_is_told_of_its_own_third_red(sqlite_world: World) -> None:
    for _ in range(3):
        an_order(sqlite_world)
        at_the_centre(sqlite_world, "2026-03-02 09:00")
    assert warned(sqlite_world, RED) == 2
    assert [found["unit"] for found in told_of(sqlite_world)] == ["room", "centre"]


# -- what counts ------------------------------------------------------------------------------------------------------


def test_a_red_of_a_matter_that_was_never_ours_is_not_counted(world: World) -> None:
    """Petitions of 2 March, to be told of within 15 days: red from 03-18. One of them turns out to be somebody else's."""
    cases = [world.open("petition").case_id for _ in range(3)]
    red = local("2026-03-18 00:00")
    sweep(world.engine, now=red)
    not_ours = FindNotOurs(ground="out_of_scope", proper_channel="区信访局")
    world.take(cases[0], not_ours, by="coordinator", at=local("2026-03-18 09:00"))
    assert warned(world, local("2026-03-18 09:10")) == 0
    world.open("petition", at=local("2026-03-03 09:00"))  # red from 03-19
    assert warned(world, local("2026-03-19 00:00")) == 1
    (found,) = told_of(world)
    assert [case for case, _ in found["events"]] == [*cases[1:], cases[-1] + 1]


NOTICE = """
[[calendar]]
id = "cn"
zone = "Asia/Shanghai"
year = 2027
source = "虚构的通知"
off = [2027-01-01, 2027-01-04, 2027-02-05, 2027-02-06, 2027-02-07, 2027-02-08]
work = [2027-01-09]
"""


def test_a_red_that_an_assessor_has_waived_is_not_counted(world: World) -> None:
    """Orders of Monday 28 December: red from 6 January by the provisional calendar, from the 7th by the late notice."""
    cases = [at_the_centre(world, "2026-12-28 09:00") for _ in range(3)]
    morning = local("2027-01-06 09:00")
    sweep(world.engine, now=morning)
    with reading(world.engine) as connection:
        files, candidate = candidate_of(connection, {"calendars/cn-2027.toml": NOTICE.encode()}, calendar="cn")
        plan = planned(connection, candidate, now=morning)
    assert plan.proposals == 3
    apply_plan(world.engine, plan.id, files, candidate, actor=TIMERS, now=morning)
    waiver = RecordNumber(world.column("SELECT number FROM waiver WHERE case_id = :c", c=cases[0])[0])
    upheld = DecideWaiver(waiver=waiver, decision="upheld", reason="日历变动")
    world.take(cases[0], upheld, by="assessor", at=morning)
    assert warned(world, morning) == 0


def test_the_second_red_of_a_time_limit_is_not_counted_again(world: World) -> None:
    """An order of 2 March, red from the 10th, is answered, closed, and opened again on the 16th: what was overdue is red
    again at once. With another red that makes two of the month, and a third order makes three."""
    case = _in_the_room(world, "2026-03-02 09:00")
    sweep(world.engine, now=RED)
    world.take(case, Reply(form="oral", answer="已修好。"), by="mediator", at=local("2026-03-11 10:00"))
    world.take(case, Close(outcome="resolved"), by="mediator", at=local("2026-03-12 10:00"))
    world.take(
        case, Reopen(ground="person_disagrees", note="灯又不亮。"), by="coordinator", at=local("2026-03-16 10:00")
    )
    _in_the_room(world, "2026-03-10 09:00")  # 11, 12, 13, 16, 17 March: red from the 18th
    assert warned(world, local("2026-03-18 00:00")) == 0
    assert _reds_in_the_ledger(world) == 3
    _in_the_room(world, "2026-03-11 09:00")  # red from the 19th
    assert warned(world, local("2026-03-19 00:00")) == 1


def test_a_red_that_an_upheld_appeal_has_waived_is_not_counted_after_the_reopening_either(world: World) -> None:
    """The red of the reopening is the lateness of before, and shares what was decided about it."""
    cases = [_in_the_room(world, "2026-03-02 09:00") for _ in range(3)]
    sweep(world.engine, now=local("2026-03-09 23:00"))
    sweep(world.engine, now=RED)
    case = cases[0]
    (clock,) = world.column("SELECT number FROM clock WHERE case_id = :c AND name = 'order'", c=case)
    appeal = AppealLight(light=f"{clock}:red", ground="not_attributable", evidence="现场无人。")
    world.take(case, appeal, by="supervisor", at=local("2026-03-10 09:00"))
    waiver = RecordNumber(world.column("SELECT number FROM waiver WHERE case_id = :c", c=case)[0])
    upheld = DecideWaiver(waiver=waiver, decision="upheld", reason="属实。")
    world.take(case, upheld, by="assessor", at=local("2026-03-10 10:00"))
    world.take(case, Reply(form="oral", answer="已修好。"), by="mediator", at=local("2026-03-11 10:00"))
    world.take(case, Close(outcome="resolved"), by="mediator", at=local("2026-03-12 10:00"))
    world.take(
        case, Reopen(ground="person_disagrees", note="灯又不亮。"), by="coordinator", at=local("2026-03-16 10:00")
    )
    assert warned(world, local("2026-03-17 09:00")) == 0
    assert _reds_in_the_ledger(world) == 4  # three orders, and the one at the reopening


def _reds_in_the_ledger(world: World) -> int:
    crossed = world.column("SELECT data FROM event WHERE code = 'clock:crossed'")
    return sum(json.loads(data)["light"] == "red" for data in crossed)


# -- which month ------------------------------------------------------------------------------------------------------


def test_the_month_ends_in_the_offices_zone(world: World) -> None:
    # Orders of Monday 23 March: five working days end with Monday the 30th, red from 31 March 00:00. One of the day
    # after: red from 1 April 00:00, which in UTC is still March.
    for came_in in ("2026-03-23 09:00", "2026-03-23 09:00", "2026-03-24 09:00"):
        at_the_centre(world, came_in)
    assert warned(world, local("2026-04-01 00:00")) == 0
    assert warned(world, local("2026-04-01 09:00")) == 0
    # And the first instant of a month, in UTC the last day of the month before, is its own: orders of 13 and 14 April
    # are red from 21 and 22 April.
    at_the_centre(world, "2026-04-13 09:00")
    at_the_centre(world, "2026-04-14 09:00")
    assert warned(world, local("2026-04-22 00:00")) == 1
    (found,) = told_of(world)
    assert found["month"] == "2026-04"


def test_another_month_begins_anew(world: World) -> None:
    for _ in range(3):
        an_order(world)
    assert warned(world, RED) == 1
    # Red from 8 April, 1=1 2=2 3=3 4=7 5=Wed 8 after Tuesday 31 March and the two days off at Qingming: from 04-09.
    for _ in range(2):
        _in_the_room(world, "2026-03-31 09:00")
    assert warned(world, local("2026-04-09 00:00")) == 0
    _in_the_room(world, "2026-04-01 09:00")
    assert warned(world, local("2026-04-10 00:00")) == 1
    assert [found["month"] for found in told_of(world)] == ["2026-03", "2026-04"]


def test_a_third_red_that_the_timers_slept_through_is_told_when_they_wake_in_the_next_month(
    sqlite_world: World,
) -> None:
    for _ in range(3):
        at_the_centre(sqlite_world, "2026-03-23 09:00")  # red from 31 March 00:00
    assert warned(sqlite_world, local("2026-04-01 08:00")) == 1
    assert [found["month"] for found in told_of(sqlite_world)] == ["2026-03"]


def _in_the_room(world: World, came_in: str) -> int:
    """As `an_order`, at another time."""
    at, case = local(came_in), at_the_centre(world, came_in)
    assign = Assign(unit=world.stage.units["room"], handler=AccountId(world.account("mediator")))
    world.take(case, assign, by="coordinator", at=at)
    world.take(case, SignFor(), by="mediator", at=at)
    world.take(case, ContactPerson(note="已联系"), by="mediator", at=at)
    return case


@pytest.mark.parametrize(
    "on",
    [
        "sqlite_world",
        pytest.param(
            "postgres_world",
            marks=[
                pytest.mark.postgres,
            ],
        ),
    ],
)
def test_two_timers_at_once_tell_of_it_once(on: str, request: pytest.FixtureRequest) -> None:
    """Both have found nothing told when the office's stream, which somebody else was writing, is free again."""
    world: World = request.getfixturevalue(on)
    for _ in range(3):
        an_order(world)
    sweep(world.engine, now=RED)
    with ThreadPoolExecutor(2) as pool:
        with transaction(world.engine) as connection:
            connection.execute(text("UPDATE stream_head SET seq = seq WHERE stream = 0"))
            timers = [
                pool.submit(warn_of_third_reds, world.engine, world.office.policy.calendar, now=RED) for _ in range(2)
            ]
            _wait_until_they_wait(world, connection)
        assert sorted(timer.result() for timer in timers) == [0, 1]
    assert len(told_of(world)) == 1


def _wait_until_they_wait(world: World, connection: Connection) -> None:
    """On PostgreSQL, until two others wait for a lock of ours; SQLite's one writer lets nobody come so far."""
    if world.engine.dialect.name != "postgresql":
        return
    query = text(
        "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"
    )
    until = time.monotonic() + 30
    while connection.execute(query).scalar_one() < 2:
        assert time.monotonic() < until, "two wait for the stream within half a minute"
        connection.execute(text("SELECT pg_stat_clear_snapshot()"))


# -- the mail ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("language", "subject", "what"),
    [
        ("zh_CN", "【本月第三个红灯】room", "room：本单位本月亮了第三个红灯"),
        ("en", "【Third red this month】room", "room: this unit has had its third red light this month"),
    ],
)
def test_the_mail_names_the_unit_and_nothing_of_any_case(
    language: str, subject: str, what: str, sqlite_world: World, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    world = sqlite_world
    orders = [an_order(world) for _ in range(3)]
    assert warned(world, RED) == 1
    with transaction(world.engine) as connection:
        connection.execute(text("DELETE FROM message WHERE stream <> 0"))
        connection.execute(text("UPDATE account SET language = :l"), {"l": language})
    with caplog.at_level(logging.WARNING):
        done = deliver(world.engine, office=world.office, settings=Settings(home=tmp_path, smtp_host=""), now=RED)
    assert (done, caplog.records) == (Delivered(sent=4), [])
    mails = [
        email.message_from_bytes(path.read_bytes(), policy=email.policy.default)
        for path in (tmp_path / "mail").iterdir()
    ]
    assert sorted(str(mail["To"].addresses[0].username) for mail in mails) == [
        "assessor", "duty_leader", "supervisor", "upstream",
    ]  # fmt: skip
    public = [world.case(case)["public_id"] for case in orders]
    for mail in mails:
        assert str(mail["Subject"]) == subject
        for kind in ("plain", "html"):
            body = mail.get_body((kind,))
            assert body
            said = body.get_content()
            assert "/work" in said
            assert what in said or kind == "html"
            for word in ("楼道堆物", "杂物", "王某", "李某", "热线字", *public):
                assert word not in said
