"""Who sees which case: the program's selects against the rule said in plain words, for every pair of a random office."""

import secrets
from collections.abc import Iterator
from datetime import timedelta
from random import Random
from typing import Any

import pytest
from sqlalchemy import Connection, Engine, insert, select, text

from cases.reading import find_case
from cases.tables import Appointment, Case, Participant, Recusal, Task
from cases.visibility import case, cases_in_reach, reach_of, visible_cases
from infra.db import reading, transaction
from people.staffing import add_account
from people.units import add_unit, add_unit_above
from stories.story import actor_of
from tests.databases import FOUNDED_AT, START, engine, postgres_template, postgresql, sqlite, sqlite_template
from tests.oracle.reach import Asker, Matter, sees
from workflow.model import UNFILED, Actor, CaseId, Role, UnitId
from workflow.procedures import STATES

__all__ = ["engine", "postgres_template", "postgresql", "sqlite", "sqlite_template"]

UNITS, ACCOUNTS_A_ROLE, CASES = 12, 10, 150
STAFF = [role for role in Role if role not in (Role.PETITIONER, Role.SYSTEM)]


def an_office(connection: Connection, random: Random) -> list[Actor]:
    """A tree of units that last had one put above it, and accounts of every role anywhere in it."""
    units = [add_unit(connection, name="0", kind="centre", takes_intake=True, now=FOUNDED_AT)]
    for n in range(1, UNITS - 1):
        units.append(add_unit(connection, name=f"{n}", kind="unit", parent=random.choice(units), now=FOUNDED_AT))
    units.append(add_unit_above(connection, name="top", kind="upstream", top=units[0], now=FOUNDED_AT))
    made = [
        add_account(
            connection, unit=random.choice(units), role=role, login=f"{role.value}-{n}", name="-", email="a@example.test",
            now=FOUNDED_AT,
        )
        for role in STAFF
        for n in range(ACCOUNTS_A_ROLE)
    ]  # fmt: skip
    return [actor_of(connection, account) for account in made]


def some_cases(connection: Connection, random: Random, people: list[Actor]) -> None:
    """Cases of every state, in anybody's hands or nobody's, with appointments that last or have ended, and recusals."""
    units = sorted({unit for actor in people for unit in actor.units})
    accounts = [actor.account for actor in people]
    mediators = [actor.account for actor in people if actor.role is Role.MEDIATOR]
    states = [state for state in STATES if state != UNFILED]
    for serial in range(1, CASES + 1):
        closed = random.random() < 0.2
        number = connection.execute(
            insert(Case)
            .values(
                public_id=secrets.token_hex(16), procedure="petition", profile="petition", series="X", year=2026,
                serial=serial, channel="visit", dispute_type="25", received_at=START, registered_at=START,
                intake_unit=random.choice(units), version=1, milestones="", next_number=1, custody_number=1,
                state=random.choice([*states, "dispatched", "handling"]), holder_unit=random.choice(units),
                holder_person=random.choice([None, None, random.choice(mediators)]), custody_from=START,
                closed_at=START if closed else None,
            )
            .returning(case.id)
        ).scalar_one()  # fmt: skip
        for n, person in enumerate(random.sample(mediators, random.randrange(3))):
            ended = random.choice([None, START + timedelta(days=1)])
            connection.execute(
                insert(Appointment).values(
                    case_id=number,
                    number=n,
                    person=person,
                    chief=n == 0,
                    from_at=START,
                    until_at=ended,
                    disclosure="none",
                )
            )
        for n, person in enumerate([*random.sample(mediators, random.randrange(3)), None], start=10):
            ended = random.choice([None, START + timedelta(days=1)])
            taking_part = {"part": "recorder" if person else "agent", "person": person, "from_at": START}
            connection.execute(insert(Participant).values(case_id=number, number=n, until_at=ended, **taking_part))
        if random.random() < 0.3:
            asked = {
                "unit": random.choice(units),
                "person": random.choice([None, *mediators]),
                "what": 1,
                "from_at": START,
            }
            ended = random.choice([None, START + timedelta(days=1)])
            connection.execute(insert(Task).values(case_id=number, number=20, until_at=ended, **asked))
        for person in random.sample(accounts, random.randrange(8)):
            connection.execute(insert(Recusal).values(case_id=number, person=person))


SERVING = """SELECT person FROM appointment WHERE case_id = :case AND until_at IS NULL
    UNION SELECT person FROM participant WHERE case_id = :case AND until_at IS NULL AND person IS NOT NULL"""


def matters(connection: Connection) -> Iterator[Matter]:
    def those(query: str, number: int) -> frozenset[int]:
        return frozenset(connection.execute(text(query), {"case": number}).scalars())

    for row in connection.execute(select(*case).order_by(case.id)).all():
        yield Matter(
            id=row.id, state=row.state, intake_unit=row.intake_unit, holder_unit=row.holder_unit,
            holder_person=row.holder_person, is_closed=row.closed_at is not None,
            serving=those(SERVING, row.id),
            asked_units=those("SELECT unit FROM task WHERE case_id = :case AND until_at IS NULL", row.id),
            asked_people=those("SELECT person FROM task WHERE case_id = :case AND until_at IS NULL AND person IS NOT NULL", row.id),
            recused=those("SELECT person FROM recusal WHERE case_id = :case", row.id),
        )  # fmt: skip


def asker_of(actor: Actor) -> Asker:
    return Asker(
        account=actor.account, role=actor.role.value, unit=actor.unit, case=actor.case, absent=actor.stands_in_for
    )  # fmt: skip


@pytest.fixture
def made(engine: Engine) -> tuple[Engine, list[Actor]]:
    random = Random(20_261_128)  # noqa: S311 (seeded: a difference must be found again)
    with transaction(engine) as connection:
        people = an_office(connection, random)
        some_cases(connection, random, people)
        numbers = connection.execute(select(case.id)).scalars().all()
    petitioners = [Actor(account=None, role=Role.PETITIONER, unit=None, case=CaseId(one)) for one in numbers[:10]]
    filing = Actor(account=None, role=Role.PETITIONER, unit=UnitId(1))  # who has no case yet
    return engine, [*people, *petitioners, filing]


def test_everybody_sees_of_all_cases_exactly_those_that_the_rule_gives_them(made: tuple[Engine, list[Actor]]) -> None:
    engine, askers = made
    pairs = seen = 0
    with reading(engine) as connection:
        parents = {row.id: row.parent_id for row in connection.execute(text("SELECT id, parent_id FROM unit"))}
        known = {one.id: one for one in matters(connection)}
        addresses = {row.id: row.public_id for row in connection.execute(select(case.id, case.public_id))}
        for actor in askers:
            expected = {one.id for one in known.values() if sees(asker_of(actor), one, parents=parents)}
            assert set(connection.execute(visible_cases(actor, case.id)).scalars()) == expected, actor
            assert {one for one in known if _is_found_alone(connection, actor, one)} == expected, actor
            assert {one for one in known if find_case(connection, addresses[one], actor=actor)} == expected, actor
            pairs, seen = pairs + len(known), seen + len(expected)
    assert pairs > 10_000
    assert 0.1 < seen / pairs < 0.6, "neither all nor nothing"


def _is_found_alone(connection: Connection, actor: Actor, number: int) -> bool:
    values: dict[str, Any] = {**reach_of(actor), "case_id": number}
    query = cases_in_reach(actor.role, case.id, of_one=True).where(case.id == number)
    return connection.execute(query, values).first() is not None
