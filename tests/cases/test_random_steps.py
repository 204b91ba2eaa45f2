"""After any two hundred steps of chance, with corrections, links, participants, hand-overs, deputies and steps taken back: the record is
proved, custody has no gap and sums to the age of each case, everybody sees what the rule in plain words gives them, and what
stood there at any instant is what the events up to it say.
"""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from random import Random
from typing import Any

import pytest
from sqlalchemy import select, text

from cases.execute import CaseNotFound
from cases.facts import load_facts
from cases.history import records
from cases.reading import find_case
from cases.situations import situation_for
from cases.sweep import sweep
from infra.columns import Row
from infra.db import reading
from tests.cases.records import DAY, HOUR, START, World
from tests.oracle.reach import sees
from tests.oracle.test_reach import asker_of, matters
from workflow.commands import Command, adapter_of
from workflow.deciding import available_steps
from workflow.definition import Situation
from workflow.model import TIMERS, Actor, CaseId, Refusal
from workflow.offers import OFFERS
from workflow.procedures import PROCEDURES
from workflow.procedures.every_case.commands import (
    AnswerTask,
    AskUnit,
    BringIn,
    Correct,
    EndPart,
    EndTask,
    GiveTask,
    HandOver,
    LinkCases,
    Recuse,
    TakeBack,
    Unlink,
)
from workflow.shapes import shapes
from workflow.spelling import as_json

STEPS = 200
#: What a life must have come to, or it shows nothing of it.
SOUGHT = {
    one.__name__
    for one in (
        AnswerTask, AskUnit, BringIn, Correct, EndPart, EndTask, GiveTask, HandOver, LinkCases, Recuse, TakeBack, Unlink,
    )
}  # fmt: skip
#: Of two steps that are open one is one of these, the one that came least.
SOUGHT_OFTEN = 0.5
#: Of the steps that are taken, how many are taken back at once.
REGRETTED = 1 / 8
#: How often somebody acts as the deputy of a colleague, and under which word that is counted.
DEPUTIES_ACT, DEPUTY = 1 / 5, "in somebody's place"
#: Tables whose rows an event spells as they stand.
ROWS = (
    "party",
    "custody",
    "appointment",
    "participant",
    "link",
    "task",
    "taken_back",
    "mediation_session",
    "agreement",
    "waiver",
)


@dataclass(kw_only=True)
class Look:
    at: datetime
    cases: dict[int, dict[str, Any]]
    rows: dict[str, dict[tuple[int, int], dict[str, Any]]]


@dataclass(kw_only=True)
class Lives:
    """Some cases of both procedures, and a chance that leads them on."""

    world: World
    chance: Random
    now: datetime = START
    cases: list[int] = field(default_factory=list)
    taken: Counter[str] = field(default_factory=Counter)
    refused: Counter[str] = field(default_factory=Counter)
    looks: list[Look] = field(default_factory=list)

    def live(self, steps: int) -> None:
        for matter in ("petition", "hotline", "mediation") * 2:
            self.cases.append(self.world.open(matter, at=self.now).case_id)
        while self.taken.total() - self.taken[DEPUTY] < steps:
            self.now += self.chance.choice([timedelta(minutes=3), timedelta(minutes=20), HOUR, HOUR, 9 * HOUR, DAY])
            self._something()
            if self.chance.random() < 1 / 20:
                sweep(self.world.engine, now=self.now)
            if self.chance.random() < 1 / 20:
                self.looks.append(look(self.world, at=self.now))

    def _something(self) -> None:
        if self.chance.random() < 1 / 25:
            self.cases.append(self.world.open(self.chance.choice(["petition", "mediation"]), at=self.now).case_id)
        case, name = self.chance.choice(self.cases), self.chance.choice([*self.world.stage.people, "petitioner"])
        actor = self._in_whose_place(self.world.actor(name, case=case))
        found = self._situation(case, actor)
        if found is None:
            return
        open_ones = [step.command for step, why in available_steps(found) if not why]
        sought = [kind for kind in open_ones if kind.__name__ in SOUGHT]
        if not open_ones:
            return
        kind = self.chance.choice(open_ones)
        if sought and self.chance.random() < SOUGHT_OFTEN:
            kind = min(sought, key=lambda one: (self.taken[one.__name__], self.chance.random()))
        command = self._made(kind, found)
        if command is None:
            return
        events = len(self.world.events(case))
        try:
            self.world.take(case, command, by=name, at=self.now, actor=actor)
        except Refusal as refusal:
            self.refused[refusal.reasons[0].code] += 1
            assert len(self.world.events(case)) == events, "what is refused leaves nothing behind"
            return
        except CaseNotFound:
            raise AssertionError(f"{name} was offered {kind.__name__} of a case that they do not see") from None
        self.taken[kind.__name__] += 1
        self.taken[DEPUTY] += actor.stands_in_for is not None
        if self.chance.random() < REGRETTED:
            self._take_back(case)

    def _in_whose_place(self, actor: Actor) -> Actor:
        """Somebody of the staff, now and then as the deputy of a colleague with the same role."""
        staff = [
            one for one in self.world.stage.people.values() if one.account != actor.account and one.role is actor.role
        ]
        if not staff or self.chance.random() > DEPUTIES_ACT:
            return actor
        absent = self.chance.choice(staff)
        return replace(absent, account=actor.account, stands_in_for=absent.account)

    def _take_back(self, case: int) -> None:
        """At once, by somebody else who answers for it."""
        self.now += timedelta(minutes=5)
        try:
            self.world.take(case, TakeBack(reason="办错了"), by="coordinator", at=self.now)
        except (Refusal, CaseNotFound):
            return
        self.taken[TakeBack.__name__] += 1

    def _situation(self, case: int, actor: Actor) -> Situation | None:
        with reading(self.world.engine) as connection:
            loaded = load_facts(connection, case, actor=actor)
            if loaded is None:
                return None
            every = PROCEDURES[loaded[0].procedure].commands.values()
            return situation_for(connection, loaded[0], of=every, actor=actor, now=self.now, office=self.world.office)

    def _made(self, kind: type[Command], found: Situation) -> Command | None:
        """A command of that kind, its fields chosen among what is offered; None where nothing is."""
        values: dict[str, Any] = {}
        for shape in shapes(kind):
            if not shape.required and self.chance.random() < 1 / 2:
                continue
            value = self._value(shape, found)
            if value is None and shape.required:
                return None
            if value is not None:
                values[shape.name] = value
        try:
            return adapter_of(kind).validate_python(values)
        except ValueError:
            return None

    def _value(self, shape: Any, found: Situation) -> Any:
        chance = self.chance
        if shape.choice:
            offered = list(OFFERS[shape.choice](found)) if shape.choice not in ("lights", "rejected_appeals") else []
            if shape.kind == "ticks":
                return offered
            return chance.choice(offered) if offered else None
        match shape.kind:
            case "options":
                return chance.choice(shape.literal)
            case "case":
                return CaseId(chance.choice(self.cases))
            case "tick" | "must":
                return True
            case "number":
                return chance.choice([1, 2, 6, 10, 15, 20, 60, 90])
            case "date":
                return (self.now + timedelta(days=chance.randrange(1, 12))).date()
            case "datetime":
                return self.now - timedelta(hours=chance.randrange(1, 40)) if chance.random() < 1 / 3 else None
            case "lines":
                return ("甲",)
            case _:
                return chance.choice(["一句话", "另一句话"])


# -- what stands there ------------------------------------------------------------------------------------------------


def look(world: World, *, at: datetime) -> Look:
    cases = {row["id"]: row for row in world.rows("SELECT * FROM cases")}
    with reading(world.engine) as connection:
        rows = {
            name: {(row["case_id"], row["number"]): dict(row) for row in connection.execute(select(table)).mappings()}
            for name, table in ((name, Row.metadata.tables[name]) for name in ROWS)
        }
    return Look(at=at, cases=cases, rows=rows)


def assert_custody_sums_to_the_age(world: World, lives: Lives) -> None:
    everything = world.everything()
    for case in everything["cases"]:
        held = [row for row in everything["custody"] if row["case_id"] == case["id"]]
        held.sort(key=lambda row: row["number"])
        assert held[0]["from_at"] == case["received_at"]
        assert [row["until_at"] for row in held[:-1]] == [row["from_at"] for row in held[1:]]
        assert held[-1]["until_at"] is None
        ages = sum(((row["until_at"] or lives.now) - row["from_at"] for row in held), timedelta())
        assert ages == lives.now - case["received_at"]
        assert (held[-1]["unit"], held[-1]["person"]) == (case["holder_unit"], case["holder_person"])


def assert_everybody_sees_what_the_rule_says(world: World, lives: Lives) -> None:
    staff = list(world.stage.people.values())
    deputies = [
        replace(absent, account=one.account, stands_in_for=absent.account)
        for one in staff
        for absent in staff
        if one is not absent and one.role is absent.role
    ]
    people = [*staff, *deputies, *(world.actor("petitioner", case=case) for case in lives.cases)]
    with reading(world.engine) as connection:
        parents = {row.id: row.parent_id for row in connection.execute(text("SELECT id, parent_id FROM unit"))}
        public = {row.id: row.public_id for row in connection.execute(text("SELECT id, public_id FROM cases"))}
        for matter in matters(connection):
            for actor in people:
                expected = sees(asker_of(actor), matter, parents=parents)
                found = find_case(connection, public[matter.id], actor=actor) is not None
                assert found == expected, (actor, matter)
                assert (load_facts(connection, matter.id, actor=actor) is not None) == expected, (actor, matter)


def assert_what_stood_there_is_what_the_events_say(world: World, lives: Lives) -> None:
    with reading(world.engine) as connection:
        for then in lives.looks:
            found = {one.case_id: one for one in records(connection, actor=TIMERS, until=then.at)}
            assert set(found) == set(then.cases)
            for case_id, row in then.cases.items():
                said = found[case_id].case
                for name in ("state", "milestones", "outcome", "holder_unit", "holder_person", "next_number"):
                    assert said[name] == row[name], (then.at, case_id, name)
            for table, rows in then.rows.items():
                said_rows = {
                    (case_id, number): values
                    for case_id, one in found.items()
                    for number, values in one.rows.get(table, {}).items()
                }
                assert {key: _without_keys(values) for key, values in said_rows.items()} == {
                    key: _without_keys({name: as_json(value) for name, value in row.items()})
                    for key, row in rows.items()
                }, (then.at, table)


def _without_keys(row: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in row.items() if name not in ("case_id", "number")}


@pytest.mark.parametrize("seed", range(3))
def test_after_two_hundred_steps_of_chance_all_of_it_holds(sqlite_world: World, seed: int) -> None:
    all_holds(sqlite_world, seed)


@pytest.mark.postgres
def test_after_two_hundred_steps_of_chance_all_of_it_holds_on_postgresql(postgres_world: World) -> None:
    all_holds(postgres_world, 3)


def all_holds(world: World, seed: int) -> None:
    lives = Lives(world=world, chance=Random(seed))  # noqa: S311 (seeded: a difference must be found again)
    lives.live(STEPS)
    assert lives.taken[DEPUTY] > 0
    assert len(lives.taken) > 15, lives.taken
    assert world.ledger_agrees()
    assert_custody_sums_to_the_age(world, lives)
    assert_everybody_sees_what_the_rule_says(world, lives)
    assert_what_stood_there_is_what_the_events_say(world, lives)
    sweep(world.engine, now=lives.now + 400 * DAY)
    assert world.ledger_agrees()


def test_the_chance_comes_to_everything_that_is_sought(sqlite_world: World) -> None:
    lives = Lives(world=sqlite_world, chance=Random(20_261_127))  # noqa: S311
    lives.live(2 * STEPS)
    assert lives.taken[DEPUTY] > 5
    assert set(lives.taken) >= SOUGHT, SOUGHT - set(lives.taken)
    assert lives.refused, "chance asks for what is refused, too"
