"""Published versions of the policy: kept byte by byte, named by an event of the office, and none ever forgotten."""

import hashlib
import json
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import replace
from datetime import date, datetime

import pytest
from sqlalchemy import text

from cases.office import load_office
from cases.policies import files_of, present_policy, publish, shipped_files, versions
from cases.sweep import sweep
from infra.db import owned, reading, transaction
from tests.cases.orders import an_order, crossings
from tests.cases.records import DAY, START, World, local
from verify.checking import verify
from workflow.model import TIMERS, Refusal
from workflow.policy_files import PolicyIsWrong, version_of
from workflow.procedures.every_case.commands import Accept, Suspend
from workflow.procedures.petition.commands import RequestExtension

HOTLINE, PROFILES, THIS_YEAR = "rules/hotline.toml", "profiles/orders.toml", "calendars/cn-2026.toml"
LATER = START + DAY


def changed(name: str, *changes: tuple[str, str]) -> dict[str, bytes]:
    """The shipped files with one of them changed."""
    content = shipped_files()[name].decode()
    for right, wrong in changes:
        assert right in content
        content = content.replace(right, wrong)
    return {**shipped_files(), name: content.encode()}


#: HOT-07 in seven working days instead of five, and not to be extended.
SEVEN_DAYS = changed(
    HOTLINE,
    (
        'length = 5\nunit = "working_day"\nkind = "duty"\nextension = { by = "supervisor", max_length = 15, times = 1 }',
        'length = 7\nunit = "working_day"\nkind = "duty"',
    ),
)
#: Thursday 5 March 2026 off as well.
A_DAY_OFF = changed(THIS_YEAR, ("off = [\n", "off = [\n    2026-03-05,\n"))


def published(world: World, files: Mapping[str, bytes]) -> World:
    """The same office once these files are in force."""
    with transaction(world.engine) as connection:
        publish(connection, files, actor=TIMERS, now=LATER)
    return world.reloaded()


def order_clock(world: World, case: int) -> dict[str, object]:
    (row,) = world.rows("SELECT policy, length FROM clock WHERE case_id = :id AND name = 'order'", id=case)
    return row


def due_at(world: World, case: int) -> datetime:
    (clock,) = [row for row in world.everything()["clock"] if row["case_id"] == case and row["name"] == "order"]
    found: datetime = clock["due_at"]
    return found


# -- publishing -------------------------------------------------------------------------------------------------------


def test_an_office_begins_with_the_files_that_ship(world: World) -> None:
    with reading(world.engine) as connection:
        assert versions(connection) == [version_of(shipped_files())]
        assert files_of(connection, version_of(shipped_files())) == shipped_files()
    assert world.office.policy.version == version_of(shipped_files())
    assert world.office.policy.earlier == {}


def test_a_version_is_kept_byte_by_byte(world: World) -> None:
    odd = {**shipped_files(), "own/remarks.toml": '# 备注 \\ "quoted"\r\n\t# tab\n\n'.encode()}
    published(world, odd)
    with reading(world.engine) as connection:
        assert files_of(connection, version_of(odd)) == odd
        assert files_of(connection, versions(connection)[0]) == shipped_files()  # and the one before it too


def test_every_version_is_named_by_an_event_of_the_office(world: World) -> None:
    with transaction(world.engine) as connection:
        version = publish(connection, SEVEN_DAYS, actor=world.actor("coordinator"), now=LATER, plan="0123")
    _, second = (event for event in world.events(0) if event["code"] == "policy:published")
    assert (second["actor"], second["recorded_at"]) == (world.account("coordinator"), LATER)
    (content,) = world.column("SELECT content FROM policy_version WHERE version = :v", v=version)
    assert json.loads(second["data"]) == {
        "version": version_of(SEVEN_DAYS),
        "content": hashlib.sha256(content.encode()).hexdigest(),
        "plan": "0123",
        "schema": 1,
    }
    assert world.column("SELECT number FROM policy_version ORDER BY number") == [1, 2]
    assert world.ledger_agrees()


def test_versions_stand_in_the_order_in_which_they_were_published(sqlite_world: World) -> None:
    sets = [{**shipped_files(), "own/remark.toml": f"# {number}\n".encode()} for number in range(6)]
    with transaction(sqlite_world.engine) as connection:
        for files in sets:
            publish(connection, files, actor=TIMERS, now=LATER)
        assert versions(connection) == [version_of(shipped_files()), *map(version_of, sets)]


def test_publishing_what_is_in_force_changes_nothing(world: World) -> None:
    found = world.everything()
    with transaction(world.engine) as connection:
        assert publish(connection, shipped_files(), actor=TIMERS, now=LATER) == world.office.policy.version
    assert world.everything() == found


def test_an_office_may_go_back_to_what_it_had(world: World) -> None:
    published(world, SEVEN_DAYS)
    assert published(world, shipped_files()).office.policy.version == version_of(shipped_files())


def test_a_version_that_was_not_committed_is_nowhere(world: World) -> None:
    found = world.everything()
    with suppress(ZeroDivisionError), transaction(world.engine) as connection:
        publish(connection, SEVEN_DAYS, actor=TIMERS, now=LATER)
        raise ZeroDivisionError
    assert world.everything() == found
    with reading(world.engine) as connection:
        assert load_office(connection).policy.version == version_of(shipped_files())


def test_a_published_version_that_cannot_be_read_stops_the_program(sqlite_world: World) -> None:
    with transaction(sqlite_world.engine) as connection:
        publish(connection, {**shipped_files(), HOTLINE: b"[[rul]]"}, actor=TIMERS, now=LATER)
    with reading(sqlite_world.engine) as connection, pytest.raises(PolicyIsWrong, match=r"rules/hotline\.toml"):
        load_office(connection)


def spoil(world: World, statement: str, **values: str) -> None:
    """What only the owner of the database can do, after taking the trigger away that forbids it."""
    with owned(world.engine) as owning, transaction(owning) as connection:
        kept = connection.execute(text("SELECT sql FROM sqlite_master WHERE name = 'policy_version_no_update'"))
        trigger = kept.scalar_one()
        connection.execute(text("DROP TRIGGER policy_version_no_update"))
        connection.execute(text(statement), values)
        connection.execute(text(trigger))


def test_an_earlier_version_that_cannot_be_read_stops_it_too(sqlite_world: World) -> None:
    """Somebody has spoilt the record: no clock of that version is counted by guesswork."""
    world = published(sqlite_world, SEVEN_DAYS)
    first = version_of(shipped_files())
    spoil(world, "UPDATE policy_version SET version = 'x', content = '{}' WHERE version = :v", v=first)
    with reading(world.engine) as connection, pytest.raises(PolicyIsWrong, match=r"policy\.no_calendar"):
        load_office(connection)


def test_files_that_were_changed_in_the_record_are_found(sqlite_world: World) -> None:
    spoil(sqlite_world, "UPDATE policy_version SET content = replace(content, 'length = 60', 'length = 90')")
    assert [(f.table, f.number) for f in verify(sqlite_world.url).findings] == [("policy_version", 1)]


def test_one_process_sees_at_once_what_another_has_published(world: World) -> None:
    with reading(world.engine) as connection:
        before = present_policy(connection, calendar="cn")
    published(world, SEVEN_DAYS)
    with reading(world.engine) as connection:
        after = present_policy(connection, calendar="cn")
        assert after is present_policy(connection, calendar="cn")  # read once
    assert (before.version, after.version) == (version_of(shipped_files()), version_of(SEVEN_DAYS))
    assert list(after.earlier) == [before.version]


# -- what runs, and what begins ---------------------------------------------------------------------------------------


def test_a_running_clock_goes_on_under_its_own_rule_and_a_new_one_under_the_new(world: World) -> None:
    running = an_order(world)
    present = published(world, SEVEN_DAYS)
    fresh = an_order(present)
    assert order_clock(world, running) == {"policy": version_of(shipped_files()), "length": 5}
    assert order_clock(world, fresh) == {"policy": version_of(SEVEN_DAYS), "length": 7}
    # What the rule of its day allowed, it allows; the new rule knows no extension.
    asking = RequestExtension(to_length=15, reason="等检测")
    assert present.take(running, asking, by="mediator", at=LATER)
    with pytest.raises(Refusal, match=r"extension\.not_allowed_by_rule"):
        present.take(fresh, asking, by="mediator", at=LATER)
    assert present.ledger_agrees()


def test_both_clocks_light_at_their_own_times(sqlite_world: World) -> None:
    running = an_order(sqlite_world)
    fresh = an_order(published(sqlite_world, SEVEN_DAYS))
    sweep(sqlite_world.engine, now=START + 40 * DAY)
    assert {rung: at for rung, at, _ in crossings(sqlite_world, running)}["red"] == local("2026-03-10 00:00")
    # 7 wd from Mon 2 March: 5=9 6=10 7=Wed 11.
    assert {rung: at for rung, at, _ in crossings(sqlite_world, fresh)}["red"] == local("2026-03-12 00:00")


def test_what_changes_a_running_clock_counts_the_days_of_the_present_calendar(world: World) -> None:
    running = an_order(world)
    present = published(world, A_DAY_OFF)
    assert due_at(world, running) == local("2026-03-10 00:00")
    present.take(running, Suspend(ground="appraisal", until=date(2026, 3, 4)), by="mediator", at=LATER)
    # Publishing alone moved nothing: 24:00 of Mon 9. Paused on Tue 3 (1) until Wed 4, which is not counted; Thu 5 is off:
    # 2=6 3=9 4=10 5=Wed 11.
    assert due_at(world, running) == local("2026-03-12 00:00")
    assert present.ledger_agrees()


def test_a_third_version_still_knows_the_first(sqlite_world: World) -> None:
    running = an_order(sqlite_world)
    second = published(sqlite_world, SEVEN_DAYS)
    between = an_order(second)
    third = published(second, changed(HOTLINE, ("length = 5\n", "length = 9\n")))
    assert set(third.office.policy.earlier) == {version_of(shipped_files()), version_of(SEVEN_DAYS)}
    asking = RequestExtension(to_length=15, reason="等检测")
    assert third.take(running, asking, by="mediator", at=LATER)
    with pytest.raises(Refusal, match=r"extension\.not_allowed_by_rule"):
        third.take(between, asking, by="mediator", at=LATER)


def test_a_case_whose_profile_was_dropped_goes_on_under_the_one_it_has(world: World) -> None:
    complex_matter = replace(world, office=replace(world.office, profiles=("hotline-complex",)))
    case = complex_matter.open("hotline").case_id
    present = published(world, changed(PROFILES, ('id = "hotline-complex"', 'id = "hotline-difficult"')))
    assert present.take(case, Accept(), by="clerk", at=LATER)


def test_an_office_takes_in_only_what_its_policy_knows(sqlite_world: World) -> None:
    with transaction(sqlite_world.engine) as connection:
        connection.execute(text("UPDATE office SET profiles = 'petition nobody hotline-beijing hotline'"))
    with reading(sqlite_world.engine) as connection:
        office = load_office(connection)
    assert [profile.id for profile in office.taken_in()] == ["petition", "hotline-beijing", "hotline"]
    # By its name, or the first one chosen for that kind of matter.
    assert (office.profile_of("hotline"), office.profile_of("hotline-beijing")) == ("hotline", "hotline-beijing")
    assert (office.profile_of("nobody"), office.profile_of("mediation"), office.profile_of("crisis")) == (None, None, None)  # fmt: skip
    beijing = replace(office, profiles=("hotline-beijing-complex", "hotline-beijing"))
    assert beijing.profile_of("hotline") == "hotline-beijing-complex"
