"""What is found is what a plain look through every text that the reader may read finds; and nothing else of anybody."""

from collections.abc import Callable
from itertools import product
from random import Random
from typing import Any

import pytest
from sqlalchemy import Connection, text

import cases.search
import cases.terms_index
from cases.finding import differences, forget_texts, index_is_sound, index_some, make_index_anew
from cases.reading import find_case, texts_of
from cases.search import CLOSED, DUE, NEW, NUMBER, OLD, OPEN, Wanted, find_cases, key_of_sort
from cases.visibility import case, visible_cases
from infra.db import owned, reading, transaction
from infra.terms import NotSought, sought_in
from tests.cases.records import DAY, HOUR, START, World, an_intake
from tests.cases.test_people_of_a_case import in_hand, mediated
from workflow.model import AccountId, Actor
from workflow.procedures.every_case.commands import AddNote, BringIn, Correct, Recuse
from workflow.procedures.mediation.commands import HoldSession, NotifyRights
from workflow.procedures.petition.commands import Close, Reply

READERS = ("clerk", "coordinator", "duty_leader", "supervisor", "mediator", "mediator_2", "assessor", "bureau")
CHARACTERS = "漏水停车楼道堆物噪声工资"


def paged(connection: Connection, wanted: Wanted, actor: Actor, *, at_most: int = 3) -> list[int]:
    """Every page of a list, one after the other."""
    after, ids, pages = None, list[int](), 0
    listed = visible_cases(actor, case.id, *(key.label(f"key_{n}") for n, key in enumerate(key_of_sort(wanted))))
    while pages == 0 or after is not None:
        page = find_cases(connection, wanted, listed, actor=actor, now=START + DAY, after=after, at_most=at_most)
        ids += [row[0] for row in page.rows]
        assert len(page.rows) <= at_most
        after, pages = page.next_place, pages + 1
        assert pages < 100, "each page goes on from where the last one ended"
    return ids


def found(connection: Connection, typed: str, actor: Actor) -> set[int]:
    wanted = Wanted(words=sought_in(typed))
    listed = visible_cases(actor, case.id, *(key.label(f"key_{n}") for n, key in enumerate(key_of_sort(wanted))))
    page = find_cases(connection, wanted, listed, actor=actor, now=START, after=None, at_most=100)
    assert not page.looked_through
    return {row[0] for row in page.rows}


def looked_up(connection: Connection, typed: str, actor: Actor) -> set[int]:
    """Case by case, text by text: all parts have to be somewhere in the texts of one matter."""
    hits = set()
    for number in connection.execute(visible_cases(actor, case.id)).scalars().all():
        texts = texts_of(connection, [number], actor=actor).get(number, {}).values()
        if all(any(part in one for one in texts) for part in typed.split()):
            hits.add(number)
    return hits


def lively(world: World, chance: Random) -> None:
    """Matters of both kinds with words of a few characters, corrected, noted, closed, recused and mediated."""

    def words(n: int) -> str:
        return "".join(chance.choice(CHARACTERS) for _ in range(n))

    for _ in range(6):
        world.open(command=an_intake(title=words(4), statement=words(9), applicant=words(3)))
        world.open("mediation", command=an_intake("mediation", title=words(4), statement=words(9)))
    first, closed, barred, led = in_hand(world), in_hand(world), in_hand(world), mediated(world)
    (party,) = world.parties(first)[:1]
    world.take(first, Correct(party=party, party_name=words(3), reason=words(4)), by="clerk", at=START + HOUR)
    world.take(first, AddNote(note=words(12)), by="mediator", at=START + HOUR)
    world.take(closed, Reply(form="oral", answer=words(8)), by="mediator", at=START + HOUR)
    world.take(closed, Close(outcome="resolved"), by="mediator", at=START + 2 * HOUR)
    other = AccountId(world.account("mediator_2"))
    world.take(barred, BringIn(part="co_handler", person=other), by="mediator", at=START + HOUR)
    world.take(barred, AddNote(note=words(12)), by="mediator_2", at=START + HOUR)
    world.take(barred, Recuse(person=other, ground="relative"), by="mediator_2", at=START + 2 * HOUR)
    world.take(led, NotifyRights(signed_by=world.parties(led)), by="mediator", at=START + HOUR)
    session = HoldSession(form="joint", place=words(4), minutes=words(14))
    world.take(led, session, by="mediator", at=START + 2 * HOUR)


@pytest.mark.parametrize("seed", range(2))
def test_whatever_is_looked_for_is_found_where_it_stands_for_whoever_may_read_it(world: World, seed: int) -> None:
    chance = Random(seed)  # noqa: S311 (seeded: a difference must be found again)
    lively(world, chance)
    hits = 0
    with reading(world.engine) as connection:
        for _ in range(60):
            parts = [
                "".join(chance.choice(CHARACTERS) for _ in range(chance.choice([2, 2, 2, 3])))
                for _ in range(chance.choice([1, 1, 2]))
            ]
            typed = " ".join(parts)
            for reader in READERS:
                actor = world.actor(reader)
                expected = looked_up(connection, typed, actor)
                assert found(connection, typed, actor) == expected, (reader, typed)
                hits += len(expected)
        assert list(differences(connection)) == []
    assert hits > 50, "something was looked for that is there"


def test_a_party_is_found_by_initials_and_after_a_correction_by_the_new_ones(world: World) -> None:
    case_id = world.open(command=an_intake(applicant="单雄信", respondents=("王小明",))).case_id
    with reading(world.engine) as connection:
        clerk = world.actor("clerk")
        for typed in ("sxx", "DXX", "wxm"):
            assert found(connection, typed, clerk) == {case_id}, typed
        assert found(connection, "lddw", clerk) == set(), "a title is no name"
    number = world.column("SELECT number FROM party WHERE case_id = :id ORDER BY number", id=case_id)[1]
    world.take(case_id, Correct(party=number, party_name="吕方", reason="录入错误"), by="clerk", at=START + HOUR)
    with reading(world.engine) as connection:
        assert found(connection, "lf", world.actor("clerk")) == {case_id}
        assert not list(differences(connection))


def test_minutes_are_found_by_mediators_alone(world: World) -> None:
    case_id = mediated(world)
    world.take(case_id, NotifyRights(signed_by=world.parties(case_id)), by="mediator", at=START + HOUR)
    session = HoldSession(form="joint", place="一号室", minutes="双方互谅互让")
    world.take(case_id, session, by="mediator", at=START + 2 * HOUR)
    with reading(world.engine) as connection:
        seen = {reader: found(connection, "互谅", world.actor(reader)) for reader in READERS}
    assert {reader for reader, cases in seen.items() if cases} == {"mediator", "mediator_2"}


@pytest.mark.parametrize("typed", ["水", "。", " ", "!!", "一", "字" * 200])
def test_what_cannot_be_looked_for_is_refused_and_never_becomes_the_whole_list(typed: str) -> None:
    with pytest.raises(NotSought):
        sought_in(typed)


def test_a_text_that_is_forgotten_is_found_no_more_and_the_index_can_be_written_anew(world: World) -> None:
    case_id = world.open(command=an_intake(title="楼顶漏水")).case_id
    actor = world.actor("clerk")
    (title,) = world.column("SELECT number FROM personal_text WHERE case_id = :id AND kind = 'title'", id=case_id)
    with transaction(world.engine) as connection:
        assert found(connection, "楼顶", actor) == {case_id}
        forget_texts(connection, case_id, [title])
        assert found(connection, "楼顶", actor) == set()
        assert list(differences(connection)) == [(case_id, title, "missing")]
        after: int | None = 0
        while after is not None:
            after = index_some(connection, after)
        make_index_anew(connection)
    with transaction(world.engine) as connection:
        assert found(connection, "楼顶", actor) == {case_id}
        assert list(differences(connection)) == []
        assert index_is_sound(connection)


def test_what_the_index_says_otherwise_is_told(world: World) -> None:
    case_id = world.open(command=an_intake(title="楼顶漏水")).case_id
    with transaction(world.engine) as connection:
        connection.execute(
            text("UPDATE finding SET words = ' 别的 ' WHERE id >> 20 = :id AND id & 1048575 <> 0"), {"id": case_id}
        )
        assert {what for _, _, what in differences(connection)} == {"differs"}


def test_what_came_in_before_there_was_an_index_is_found_after_the_upgrade(world: World) -> None:
    """As an office of an earlier version is upgraded: nothing is indexed, then everything is."""
    case_id = world.open(command=an_intake(title="楼顶漏水"), at=START + DAY).case_id
    with transaction(world.engine) as connection:
        numbers = (
            connection.execute(text("SELECT id & 1048575 FROM finding WHERE id >> 20 = :id"), {"id": case_id})
            .scalars()
            .all()
        )
        forget_texts(connection, case_id, numbers)
        after: int | None = 0
        while after is not None:
            after = index_some(connection, after)
        assert found(connection, "楼顶", world.actor("clerk")) == {case_id}
        assert find_case(connection, world.case(case_id)["public_id"], actor=world.actor("clerk")) == case_id


# -- words that very many matters have --------------------------------------------------------------------------------


@pytest.fixture
def narrow(monkeypatch: pytest.MonkeyPatch) -> None:
    """As if there were very many matters: every page may read two texts of a word and look at three cases."""
    monkeypatch.setattr(cases.terms_index, "AT_MOST", 2)
    monkeypatch.setattr(cases.terms_index, "RARE", 1)
    monkeypatch.setattr(cases.search, "AT_MOST", 2)
    monkeypatch.setattr(cases.search, "LOOKED_AT_FIRST", 1)
    monkeypatch.setattr(cases.search, "LOOKED_AT", 3)


#: Each with what a plain look at the row of a case says of it.
SHOWN: tuple[tuple[dict[str, Any], Callable[[Any], bool]], ...] = (
    ({}, bool),
    ({"show": OPEN}, lambda row: row.closed_at is None),
    ({"show": CLOSED}, lambda row: row.closed_at is not None),
    ({"dispute_type": "11"}, lambda row: row.dispute_type == "11"),
    ({"channel": "visit", "profile": "petition"}, lambda row: (row.channel, row.profile) == ("visit", "petition")),
    ({"closed_from": START, "closed_until": START + DAY}, lambda row: row.closed_at is not None),
    ({"due_by": START + 30 * DAY}, lambda row: row.closed_at is None and row.next_due_at < START + 30 * DAY),
)


@pytest.mark.parametrize("seed", range(2))
@pytest.mark.usefixtures("narrow")
def test_page_after_page_comes_to_all_of_it_and_to_nothing_twice_however_much_there_is(world: World, seed: int) -> None:
    chance = Random(seed)  # noqa: S311 (seeded: a difference must be found again)
    lively(world, chance)
    if world.engine.dialect.name == "postgresql":
        with (
            owned(world.engine) as owning,
            owning.begin() as connection,
        ):  # the next cases lie far behind the first ones
            connection.execute(text("SELECT setval('cases_id_seq', 20474)"))
    lively(world, chance)
    pairs = ["".join(pair) for pair in product(CHARACTERS, repeat=2)]
    hits = 0
    with reading(world.engine) as connection:
        for reader in ("clerk", "coordinator", "mediator", "mediator_2", "assessor"):
            actor = world.actor(reader)
            rows = {row.id: row for row in connection.execute(visible_cases(actor))}
            for _ in range(25):
                typed = " ".join(chance.sample(pairs, chance.choice([0, 1, 1, 2])))
                filters, fits = chance.choice(SHOWN)
                sort = chance.choice([NEW, OLD, NUMBER, *([DUE] if filters.get("show") in (OPEN, CLOSED) else [])])
                wanted = Wanted(words=sought_in(typed) if typed else (), sort=sort, **filters)
                ids = paged(connection, wanted, actor)
                expected = {one for one in looked_up(connection, typed, actor) if fits(rows[one])}
                assert sorted(ids) == sorted(expected), (reader, typed, filters, sort)
                assert ids == sorted(ids, key=lambda one: ORDER[sort](rows[one]), reverse=sort in (NEW, NUMBER)), sort
                hits += len(expected)
    assert hits > 50, "something was looked for that is there"


ORDER: dict[str, Callable[[Any], Any]] = {
    NEW: lambda row: row.id,
    OLD: lambda row: row.id,
    NUMBER: lambda row: (row.series, row.year, row.serial),
    DUE: lambda row: (row.next_due_at, row.id) if row.closed_at is None else (-row.closed_at.timestamp(), -row.id),
}
