"""What is tallied is what the events say: after any life of any cases, however far the tallying has come."""

import random
from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from datetime import date, datetime, timedelta

import pytest

from cases.execute import execute
from cases.sweep import sweep
from cases.tally import Key, counted_marks, counts, fresh, keep_up, recount, tallied, tally_some
from infra.db import reading, transaction
from tests.cases.orders import an_order
from tests.cases.records import DAY, HOUR, START, World, local, new_request
from tests.oracle import marks_by_hand as by_hand
from workflow.commands import Command
from workflow.model import TIMERS, AccountId, RecordNumber, Refusal
from workflow.procedures.every_case.commands import Accept, AppealLight, AskAgain, DecideWaiver, Rate, Resume, Suspend
from workflow.procedures.petition.commands import (
    Assign,
    Close,
    ContactPerson,
    FindNotOurs,
    GrantExtension,
    Register,
    Reopen,
    Reply,
    RequestExtension,
    SignFor,
)

YEARS = (2025, 2026)


def as_the_record_stands(world: World) -> Counter[Key]:
    with reading(world.engine) as connection:
        found: Counter[Key] = Counter()
        beside = fresh(connection, world.office.policy.calendar)
        for year in YEARS:
            found += counts(connection, year=year, beside=beside)
    return found


def from_the_events(world: World) -> Counter[Key]:
    with reading(world.engine) as connection:
        return by_hand.tally(connection, zone="Asia/Shanghai")


def assert_that_all_agree(world: World) -> None:
    """The answer is that of the events; each tally is a count of the marks that are stored, and none is nothing."""
    expected = from_the_events(world)
    assert as_the_record_stands(world) == expected
    with reading(world.engine) as connection:
        for year in YEARS:
            assert tallied(connection, year=year) == recount(connection, year=year)
            units = {key[1] for key in expected}
            beside = fresh(connection, world.office.policy.calendar)
            found = counted_marks(connection, year=year, units=units, beside=beside)
            assert Counter(
                (mark.year, mark.unit, mark.person or 0, mark.measure, mark.outcome)
                for mark in (one.mark for one in found)
            ) == Counter({key: n for key, n in expected.items() if key[0] == year})
    assert world.column("SELECT count(*) FROM tally WHERE n <= 0") == [0]


# -- any life ---------------------------------------------------------------------------------------------------------

#: What somebody may try to do to an order, whatever has become of it: who, and with which words.
STEPS: dict[str, tuple[str, Callable[["Lives", int], Command]]] = {
    "accept": ("clerk", lambda _lives, _case: Accept()),
    "assign": ("coordinator", lambda lives, _case: Assign(unit=lives.room, handler=lives.handler())),
    "sign": ("mediator", lambda _lives, _case: SignFor()),
    "contact": ("mediator", lambda _lives, _case: ContactPerson(note="已联系")),
    "ask": ("mediator", lambda _lives, _case: RequestExtension(to_length=15, reason="等")),
    "grant": ("supervisor", lambda _lives, _case: GrantExtension(to_length=15, person_told=True)),
    "pause": ("mediator", lambda lives, _case: Suspend(ground="measurement", until=lives.soon(), note="等")),
    "resume": ("mediator", lambda _lives, _case: Resume(note="好")),
    "reply": ("mediator", lambda _lives, _case: Reply(form="oral", answer="好")),
    "rate": ("petitioner", lambda lives, _case: Rate(score=lives.chance.choice(["satisfied", "dissatisfied"]))),
    "close": ("mediator", lambda _lives, _case: Close(outcome="resolved")),
    "reopen": ("coordinator", lambda _lives, _case: Reopen(ground="not_finished", note="又")),
    "not ours": ("coordinator", lambda _lives, _case: FindNotOurs(ground="duplicate", proper_channel="他处")),
    "appeal": ("supervisor", lambda lives, case: AppealLight(light=lives.a_light(case), ground="other", evidence="证")),
    "decide": ("assessor", lambda lives, case: DecideWaiver(
        waiver=lives.a_waiver(case), decision=lives.chance.choice(["upheld", "rejected"]), reason="核")),
    "ask again": ("supervisor", lambda lives, case: AskAgain(waiver=lives.a_waiver(case), evidence="再")),
}  # fmt: skip


#: Few, so that each lives long enough.
MOST = 4
#: How often an extension that was asked for is what comes next: or hardly any would be granted in time.
GRANTED = 0.5


class Lives:
    """Some orders, and a chance that leads them through the winter of 2025 and on."""

    def __init__(self, world: World, seed: int) -> None:
        self.world, self.chance = world, random.Random(seed)  # noqa: S311  # a test's own
        self.room = world.stage.units["room"]
        self.now = local("2025-12-15 09:00")
        self.cases: list[int] = []
        self.taken: Counter[str] = Counter()

    def handler(self) -> AccountId:
        return AccountId(self.world.account(self.chance.choice(["mediator", "mediator_2"])))

    def soon(self) -> date:
        return (self.now + timedelta(days=self.chance.randrange(1, 12))).date()

    def a_light(self, case: int) -> str:
        clocks = self.world.column("SELECT number FROM clock WHERE case_id = :id ORDER BY number", id=case)
        return f"{self.chance.choice(clocks)}:{self.chance.choice(['yellow', 'red'])}"

    def a_waiver(self, case: int) -> RecordNumber:
        known = self.world.column("SELECT number FROM waiver WHERE case_id = :id ORDER BY number", id=case)
        return RecordNumber(self.chance.choice(known or [0]))

    def go_on(self) -> None:
        """Something happens: mostly a step of some case, sometimes a sweep, a tally of a few, or nothing but time."""
        self.now += self.chance.choice([*[HOUR] * 12, 12 * HOUR, 2 * DAY])
        match self.chance.randrange(12):
            case 0 if len(self.alive()) < MOST:
                intake = Register(
                    title="灯",
                    statement="坏",
                    applicant="甲",
                    received_at=self.now - self.chance.choice([HOUR, 9 * DAY]),
                )
                self.cases.append(self.world.open("hotline", at=self.now, command=intake).case_id)
            case 1:
                sweep(self.world.engine, now=self.now)
            case 2:
                with transaction(self.world.engine) as connection:
                    tally_some(connection, self.world.office.policy.calendar, at_most=self.chance.choice([1, 2, 100]))
            case _:
                self._step(self.chance.choice(self.alive() or self.cases))

    def alive(self) -> list[int]:
        """The cases of which something may still become."""
        return self.world.column("SELECT id FROM cases WHERE state <> 'not_accepted' ORDER BY id")

    def _step(self, case: int) -> None:
        """The first of the steps, shuffled, that the rules allow now."""
        names = list(STEPS)
        self.chance.shuffle(names)
        if self.chance.random() < GRANTED:
            names.insert(0, "grant")  # or hardly any extension that was asked for would be granted in time
        for name in names:
            if self._taken(case, name):
                self.taken[name] += 1
                return

    def _taken(self, case: int, name: str) -> bool:
        who, made = STEPS[name]
        actor = self.world.actor(who, case=case)
        if who == "mediator":  # whoever holds it
            held = self.world.case(case)["holder_person"]
            actor = replace(actor, account=held) if held else actor
        try:
            with transaction(self.world.engine) as connection:
                execute(
                    connection, case, made(self, case), actor=actor, now=self.now, expected_version=None,
                    office=self.world.office, request=new_request(), seen_by=TIMERS,
                )  # fmt: skip
        except Refusal:
            return False
        return True


def lived(world: World, seed: int, *, steps: int) -> Lives:
    lives = Lives(world, seed)
    lives.cases = [world.open("hotline", at=lives.now).case_id for _ in range(3)]
    for number in range(steps):
        lives.go_on()
        if number % 60 == 59:
            assert_that_all_agree(world)
    assert_that_all_agree(world)
    return lives


@pytest.mark.parametrize("seed", range(3))
def test_whatever_happens_the_tallies_are_a_count_of_the_events(world: World, seed: int) -> None:
    lives = lived(world, seed, steps=120)
    keep_up(world.engine, world.office.policy.calendar)
    assert_that_all_agree(world)
    assert world.column("SELECT count(*) FROM stream_head WHERE stream > 0 AND tallied < seq") == [0]
    assert len(lives.taken) > 8, "a life in which next to nothing happens shows nothing"


def test_random_lives_come_to_everything_that_is_counted(sqlite_world: World) -> None:
    """The chance above would show nothing of what it never comes to."""
    lives = Lives(sqlite_world, 11)
    lives.cases = [sqlite_world.open("hotline", at=lives.now).case_id for _ in range(3)]
    for _ in range(1500):
        lives.go_on()
        if set(STEPS) <= set(lives.taken):
            break
    for _ in range(200):
        lives.go_on()
    assert set(STEPS) - set(lives.taken) == set()
    found = {key[3:] for key in from_the_events(sqlite_world)}
    for what in (
        ("closed", "reopened"),
        ("light", "red"),
        ("due", "open"),
        ("returned", "duplicate"),
        ("extended", "granted"),
    ):
        assert what in found
    assert_that_all_agree(sqlite_world)


# -- what the timers do -----------------------------------------------------------------------------------------------


def test_tallying_twice_is_harmless_and_the_second_time_there_is_nothing_to_do(world: World) -> None:
    an_order(world)
    an_order(world)
    calendar = world.office.policy.calendar
    assert keep_up(world.engine, calendar) == 2
    before = world.rows("SELECT * FROM tally ORDER BY year, unit, person, measure, outcome")
    assert keep_up(world.engine, calendar) == 0
    assert world.rows("SELECT * FROM tally ORDER BY year, unit, person, measure, outcome") == before
    assert_that_all_agree(world)


def test_a_crossing_alone_is_enough_to_tally_a_case_anew(world: World) -> None:
    an_order(world)
    calendar = world.office.policy.calendar
    keep_up(world.engine, calendar)
    sweep(world.engine, now=START + 30 * DAY)
    assert_that_all_agree(world)
    assert keep_up(world.engine, calendar) == 1
    assert_that_all_agree(world)
    assert world.column("SELECT count(*) FROM mark WHERE measure = 'light' AND outcome = 'red'") == [1]


def test_what_no_mark_is_left_of_leaves_no_tally_behind(world: World) -> None:
    # Accepted in time, contacted in time: found not ours, only that it was taken and returned is left.
    case = world.open("hotline").case_id
    sweep(world.engine, now=START + 10 * DAY)
    keep_up(world.engine, world.office.policy.calendar)
    assert world.column("SELECT count(*) FROM tally WHERE measure IN ('light', 'due') AND person >= 0") == [2]
    world.take(case, FindNotOurs(ground="duplicate", proper_channel="他处"), by="coordinator", at=START + 11 * DAY)
    keep_up(world.engine, world.office.policy.calendar)
    assert world.column("SELECT count(*) FROM tally WHERE measure IN ('light', 'due')") == [0]
    assert_that_all_agree(world)


def test_a_tally_that_fails_half_way_leaves_nothing_of_itself(world: World) -> None:
    an_order(world)
    before = world.everything()

    class Unplugged(Exception):
        pass

    def and_fail(now: datetime) -> None:
        with transaction(world.engine) as connection:
            tally_some(connection, world.office.policy.calendar)
            raise Unplugged(now)

    with pytest.raises(Unplugged):
        and_fail(START)
    assert world.everything() == before
    assert_that_all_agree(world)
