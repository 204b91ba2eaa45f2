"""Cases that have to do with one another: both sides know it, nobody sees more for it, and nothing leads back to itself."""

import pytest

from cases.execute import CaseNotFound
from cases.facts import load_facts
from infra.db import reading
from tests.cases.records import DAY, START, World, new_request
from workflow.facts import CaseFacts
from workflow.model import CaseId, Refusal
from workflow.procedures.every_case.commands import Accept, LinkCases, Refuse, Unlink
from workflow.procedures.petition.commands import Assign, ContactPerson, FindNotOurs, SignFor


def facts_of(world: World, case: int) -> CaseFacts:
    with reading(world.engine) as connection:
        loaded = load_facts(connection, case, actor=world.actor("clerk"))
    assert loaded
    return loaded[0]


def links_of(world: World, case: int) -> list[tuple[str, int]]:
    return [(one.kind, one.other) for one in facts_of(world, case).linked]


def link(world: World, case: int, other: int, kind: str) -> None:
    world.take(case, LinkCases(other=CaseId(other), kind=kind), by="clerk")  # type: ignore[arg-type]


def why(refused: pytest.ExceptionInfo[Refusal]) -> set[tuple[str, str | None]]:
    return {(reason.code, reason.field) for reason in refused.value.reasons}


def test_both_cases_know_of_the_other_in_one_step(world: World) -> None:
    first, second = world.open().case_id, world.open("mediation").case_id
    before = [world.case(case)["version"] for case in (first, second)]
    link(world, second, first, "follows")
    assert links_of(world, second) == [("follows", first)]
    assert links_of(world, first) == [("followed_by", second)]
    assert [world.case(case)["version"] for case in (first, second)] == [one + 1 for one in before]
    assert [world.events(case)[-1]["code"] for case in (first, second)] == ["case:linked"] * 2
    assert world.ledger_agrees()


def test_a_link_moves_nothing_but_itself(world: World) -> None:
    first, second = world.open().case_id, world.open().case_id
    moving = ("version", "milestones", "next_number")
    before = {name: value for name, value in world.case(second).items() if name not in moving}
    clocks = world.rows("SELECT * FROM clock ORDER BY case_id, number")
    link(world, first, second, "related")
    assert {name: value for name, value in world.case(second).items() if name not in moving} == before
    assert world.rows("SELECT * FROM clock ORDER BY case_id, number") == clocks


def test_a_matter_found_to_be_a_duplicate_ends_and_leads_to_the_other(world: World) -> None:
    """The story: the clerk links the second filing of a matter, and the coordinator ends it; the first goes on."""
    first, second = world.open().case_id, world.open().case_id
    link(world, second, first, "duplicate_of")
    world.take(second, FindNotOurs(ground="duplicate", proper_channel="并入先前的一件办理。"), by="coordinator")
    assert world.case(second)["outcome"] == "not_ours.duplicate"
    assert world.case(first)["closed_at"] is None
    assert links_of(world, first) == [("has_duplicate", second)]
    assert world.ledger_agrees()


def test_a_link_that_was_a_mistake_is_taken_away_from_both(world: World) -> None:
    first, second = world.open().case_id, world.open().case_id
    link(world, first, second, "related")
    (one,) = facts_of(world, second).linked
    world.take(second, Unlink(link=one.number, reason="关联错了"), by="clerk", at=START + DAY)
    assert links_of(world, first) == links_of(world, second) == []
    link(world, first, second, "part_of")
    assert links_of(world, second) == [("has_part", first)], "and made anew as it is right"
    assert world.ledger_agrees()


@pytest.mark.parametrize("kind", ["duplicate_of", "part_of", "follows"])
def test_no_link_leads_back_to_where_it_began(sqlite_world: World, kind: str) -> None:
    world = sqlite_world
    cases = [world.open().case_id for _ in range(3)]
    link(world, cases[0], cases[1], kind)
    link(world, cases[1], cases[2], kind)
    events = len(world.events(cases[2]))
    with pytest.raises(Refusal) as refused:
        link(world, cases[2], cases[0], kind)
    assert why(refused) == {("link.in_a_circle", "other")}
    assert len(world.events(cases[2])) == events
    link(world, cases[2], cases[0], "related")  # what has no direction leads nowhere


def test_a_case_is_not_linked_to_itself_nor_twice_to_another(sqlite_world: World) -> None:
    first, second = sqlite_world.open().case_id, sqlite_world.open().case_id
    with pytest.raises(Refusal) as refused:
        link(sqlite_world, first, first, "related")
    assert why(refused) == {("link.to_itself", "other")}
    link(sqlite_world, first, second, "related")
    for here, there in ((first, second), (second, first)):
        with pytest.raises(Refusal) as refused:
            link(sqlite_world, here, there, "part_of")
        assert why(refused) == {("link.linked_already", "other")}


def test_a_closed_matter_gets_no_more_parts(sqlite_world: World) -> None:
    whole, part = sqlite_world.open().case_id, sqlite_world.open().case_id
    sqlite_world.take(whole, Refuse(ground="not_competent", proper_channel="请向有权机关提出。"), by="clerk")
    with pytest.raises(Refusal) as refused:
        link(sqlite_world, part, whole, "part_of")
    assert why(refused) == {("link.whole_is_closed", "other")}
    link(sqlite_world, part, whole, "follows")


@pytest.mark.parametrize("other", ["of_nobody", "not_seen"])
def test_what_the_actor_may_not_see_is_refused_like_what_there_is_not(sqlite_world: World, other: str) -> None:
    world = sqlite_world
    case, hidden = world.open().case_id, world.open().case_id
    world.take(case, Accept(), by="clerk")

    world.take(case, Assign(unit=world.stage.units["room"]), by="coordinator")
    world.take(case, SignFor(), by="mediator")
    named = CaseId(hidden if other == "not_seen" else 10**9)
    events = len(world.events(hidden))
    with pytest.raises(Refusal) as refused:
        world.take(case, LinkCases(other=named, kind="related"), by="mediator")
    assert why(refused) == {("link.no_such_case", "other")}
    assert len(world.events(hidden)) == events


def test_a_link_opens_the_other_case_to_nobody(sqlite_world: World) -> None:
    world = sqlite_world
    mine, other = world.open().case_id, world.open().case_id
    world.take(mine, Accept(), by="clerk")

    world.take(mine, Assign(unit=world.stage.units["room"]), by="coordinator")
    world.take(mine, SignFor(), by="mediator")
    link(world, mine, other, "part_of")
    with reading(world.engine) as connection:
        assert load_facts(connection, mine, actor=world.actor("mediator"))
        assert load_facts(connection, other, actor=world.actor("mediator")) is None
    with pytest.raises(CaseNotFound):
        world.take(other, ContactPerson(note="联系"), by="mediator")


def test_the_same_form_links_once(world: World) -> None:
    first, second, request = world.open().case_id, world.open().case_id, new_request()
    for _ in range(2):
        done = world.take(first, LinkCases(other=CaseId(second), kind="related"), by="clerk", request=request)
    assert done.repeated
    assert len(links_of(world, second)) == 1
