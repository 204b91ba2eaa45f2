"""Who has a case in hand and who takes part: handed over, recused, brought in and gone again."""

import json
from datetime import timedelta

import pytest

from cases.at_once import take_each
from cases.execute import CaseNotFound
from cases.facts import load_facts
from cases.handing_over import in_hand_of, loads
from cases.sweep import sweep
from infra.db import reading
from tests.cases.records import DAY, HOUR, START, World, new_request
from workflow.commands import Command
from workflow.facts import CaseFacts
from workflow.model import AccountId, Refusal
from workflow.procedures.every_case.commands import Accept, AddNote, BringIn, EndPart, HandOver, Recuse
from workflow.procedures.mediation.commands import AppointMediators, RecordConsent, SeekConsent
from workflow.procedures.petition.commands import Assign, ContactPerson, SignFor


def in_hand(world: World) -> int:
    """A petition that mediator has signed for."""
    case = world.open().case_id
    world.take(case, Accept(), by="clerk")
    handler = AccountId(world.account("mediator"))
    world.take(case, Assign(unit=world.stage.units["room"], handler=handler), by="coordinator")
    world.take(case, SignFor(), by="mediator")
    return case


def mediated(world: World) -> int:
    """A mediation that mediator leads and mediator_2 serves in."""
    case = world.open("mediation").case_id
    world.take(case, SeekConsent(), by="clerk")
    for party in world.parties(case)[1:]:
        world.take(case, RecordConsent(party=party, answer="given"), by="clerk")
    world.take(case, Accept(), by="clerk")
    chief, other = (AccountId(world.account(name)) for name in ("mediator", "mediator_2"))
    world.take(case, AppointMediators(chief=chief, others=(other,)), by="coordinator")
    return case


def handing(world: World, leaving: str, to: str) -> HandOver:
    return HandOver(leaving=AccountId(world.account(leaving)), to=AccountId(world.account(to)), ground="absent")


def seen(world: World, case: int, *, by: str) -> CaseFacts | None:
    with reading(world.engine) as connection:
        loaded = load_facts(connection, case, actor=world.actor(by))
    return loaded[0] if loaded else None


def told_of(world: World, case: int, code: str) -> set[int]:
    return {
        account
        for event in world.events(case)
        if event["code"] == code
        for account in json.loads(event["data"])["told"]
    }


# -- handing over -----------------------------------------------------------------------------------------------------


def test_whoever_takes_over_has_the_matter_and_whoever_left_has_not(world: World) -> None:
    case = in_hand(world)
    clocks = world.rows("SELECT * FROM clock WHERE case_id = :id ORDER BY number", id=case)
    world.take(case, handing(world, "mediator", "mediator_2"), by="coordinator", at=START + DAY)
    assert world.case(case)["holder_person"] == world.account("mediator_2")
    assert seen(world, case, by="mediator") is None
    with pytest.raises(CaseNotFound):
        world.take(case, ContactPerson(note="已联系"), by="mediator", at=START + DAY)
    world.take(case, ContactPerson(note="已联系"), by="mediator_2", at=START + DAY)
    after = world.rows("SELECT * FROM clock WHERE case_id = :id ORDER BY number", id=case)
    assert [(c["name"], c["due_at"], c["started_at"]) for c in after] == [
        (c["name"], c["due_at"], c["started_at"]) for c in clocks
    ]
    assert told_of(world, case, "case:handed_over") >= {world.account("mediator_2")}
    assert world.ledger_agrees()


def test_a_mediation_goes_with_its_chair_and_keeps_its_other_mediator(world: World) -> None:
    case = mediated(world)
    world.take(case, handing(world, "mediator", "mediator_2"), by="coordinator", at=START + DAY)
    facts = seen(world, case, by="coordinator")
    assert facts
    assert [(one.person, one.chief) for one in facts.serving] == [(world.account("mediator_2"), True)]
    assert facts.holder_person == world.account("mediator_2")
    world.take(case, handing(world, "mediator_2", "mediator"), by="coordinator", at=START + 21 * DAY)
    facts = seen(world, case, by="coordinator")
    assert facts
    assert [one.person for one in facts.serving] == [world.account("mediator")], "back after three weeks"
    custody = world.rows("SELECT from_at, until_at FROM custody WHERE case_id = :id ORDER BY number", id=case)
    assert [one["until_at"] for one in custody[:-1]] == [one["from_at"] for one in custody[1:]], "without a gap"
    assert world.ledger_agrees()


@pytest.mark.parametrize(
    ("leaving", "to", "why"),
    [
        ("mediator", "mediator", {("hand_over.to_the_same", "to")}),
        ("mediator_2", "mediator", {("form.not_offered", "leaving")}),
        ("mediator", "coordinator", {("form.not_offered", "to")}),
    ],
)
def test_what_somebody_does_not_have_or_nobody_may_take_is_not_handed_over(
    sqlite_world: World, leaving: str, to: str, why: set[tuple[str, str]]
) -> None:
    case = in_hand(sqlite_world)
    events = len(sqlite_world.events(case))
    with pytest.raises(Refusal) as refused:
        sqlite_world.take(case, handing(sqlite_world, leaving, to), by="coordinator")
    assert {(reason.code, reason.field) for reason in refused.value.reasons} == why
    assert len(sqlite_world.events(case)) == events


def test_nobody_gives_their_own_matter_away(sqlite_world: World) -> None:
    case = in_hand(sqlite_world)
    with pytest.raises(Refusal) as refused:
        sqlite_world.take(case, handing(sqlite_world, "mediator", "mediator_2"), by="mediator")
    assert [reason.code for reason in refused.value.reasons] == ["step.not_yours"]


def test_a_mediator_who_leaves_with_eighteen_matters_leaves_none(world: World) -> None:
    cases = [*(in_hand(world) for _ in range(15)), *(mediated(world) for _ in range(3))]
    coordinator, leaving = world.actor("coordinator"), AccountId(world.account("mediator"))
    with reading(world.engine) as connection:
        assert loads(connection, actor=coordinator)[leaving] == 18
        listed = [row.id for row in in_hand_of(connection, leaving, actor=coordinator)]
    assert sorted(listed) == sorted(cases)
    command, request = handing(world, "mediator", "mediator_2"), new_request()
    for _ in range(2):  # a double click hands nothing over twice
        done = take_each(
            world.engine, cases, command, actor=coordinator, now=START + DAY, office=world.office, request=request
        )
        assert [one.reasons for one in done] == [()] * 18
    assert [len([e for e in world.events(case) if e["code"] == "case:handed_over"]) for case in cases] == [1] * 18
    with reading(world.engine) as connection:
        assert leaving not in loads(connection, actor=coordinator)
        assert loads(connection, actor=coordinator)[AccountId(world.account("mediator_2"))] == 18
    assert world.ledger_agrees()


def test_of_several_what_may_not_go_stays_and_says_why(sqlite_world: World) -> None:
    world = sqlite_world
    free, bound = in_hand(world), in_hand(world)
    world.take(bound, BringIn(part="co_handler", person=AccountId(world.account("mediator_2"))), by="mediator")
    world.take(bound, Recuse(person=AccountId(world.account("mediator_2")), ground="relative"), by="mediator_2")
    done = take_each(
        world.engine, [free, bound], handing(world, "mediator", "mediator_2"), actor=world.actor("coordinator"),
        now=START + DAY, office=world.office, request=new_request(),
    )  # fmt: skip
    assert [[reason.code for reason in one.reasons] for one in done] == [[], ["form.not_offered"]]
    assert world.case(bound)["holder_person"] == world.account("mediator")


@pytest.mark.parametrize("part", ["co_handler", "recorder"])
def test_whoever_only_helped_is_followed_by_somebody_who_helps_in_the_same_way(world: World, part: str) -> None:
    case = in_hand(world)
    helper, other = (AccountId(world.account(name)) for name in ("mediator_2", "mediator_3"))
    world.take(case, BringIn(part=part, person=helper), by="mediator")  # type: ignore[arg-type]
    with reading(world.engine) as connection:
        listed = in_hand_of(connection, helper, actor=world.actor("coordinator"))
        assert loads(connection, actor=world.actor("coordinator"))[helper] == 1
    assert [row.id for row in listed] == [case]
    world.take(case, handing(world, "mediator_2", "mediator_3"), by="coordinator", at=START + DAY)
    facts = seen(world, case, by="coordinator")
    assert facts
    assert [(one.part, one.person) for one in facts.taking_part] == [(part, other)]
    assert facts.holder_person == world.account("mediator"), "who holds it is as it was"
    assert seen(world, case, by="mediator_2") is None
    assert world.ledger_agrees()


def test_what_a_helper_had_goes_to_nobody_who_has_the_matter_already(sqlite_world: World) -> None:
    world, case = sqlite_world, in_hand(sqlite_world)
    world.take(case, BringIn(part="recorder", person=AccountId(world.account("mediator_2"))), by="mediator")
    world.take(case, handing(world, "mediator_2", "mediator"), by="coordinator", at=START + DAY)
    facts = seen(world, case, by="coordinator")
    assert facts
    assert facts.taking_part == ()


# -- recusal ----------------------------------------------------------------------------------------------------------


def test_a_case_does_not_exist_for_whoever_is_recused(world: World) -> None:
    case = in_hand(world)
    mediator, other = (AccountId(world.account(name)) for name in ("mediator", "mediator_2"))
    world.take(case, Recuse(person=mediator, to=other, ground="interest"), by="mediator", at=START + HOUR)
    assert seen(world, case, by="mediator") is None
    assert world.case(case)["holder_person"] == other
    with pytest.raises(Refusal) as refused:
        world.take(case, HandOver(leaving=other, to=mediator, ground="evens_load"), by="coordinator")
    assert {reason.code for reason in refused.value.reasons} == {"form.not_offered"}, "and nobody brings them back"
    assert world.ledger_agrees()


def test_whoever_holds_a_matter_is_recused_only_with_somebody_to_go_on(sqlite_world: World) -> None:
    case = in_hand(sqlite_world)
    with pytest.raises(Refusal) as refused:
        sqlite_world.take(
            case, Recuse(person=AccountId(sqlite_world.account("mediator")), ground="interest"), by="coordinator"
        )
    assert [(reason.code, reason.field) for reason in refused.value.reasons] == [("recuse.who_goes_on", "to")]
    assert seen(sqlite_world, case, by="mediator")


def test_a_mediator_recuses_nobody_but_themselves(sqlite_world: World) -> None:
    case = mediated(sqlite_world)
    with pytest.raises(Refusal) as refused:
        sqlite_world.take(
            case, Recuse(person=AccountId(sqlite_world.account("mediator_2")), ground="interest"), by="mediator"
        )
    assert [reason.code for reason in refused.value.reasons] == ["recuse.only_yourself"]


@pytest.mark.parametrize("name", ["clerk", "assessor", "upstream", "duty_leader"])
def test_whoever_has_to_do_with_a_matter_by_their_post_is_recused_too(world: World, name: str) -> None:
    case = in_hand(world)
    assert seen(world, case, by=name) is not None
    world.take(case, Recuse(person=AccountId(world.account(name)), ground="relative"), by="coordinator")
    assert seen(world, case, by=name) is None
    with pytest.raises(Refusal, match=r"form\.not_offered"):
        world.take(case, Recuse(person=AccountId(world.account(name)), ground="relative"), by="coordinator")


def test_somebody_is_left_who_can_give_the_matter_to_somebody(world: World) -> None:
    case = in_hand(world)
    for name in ("supervisor", "duty_leader", "upstream"):
        world.take(case, Recuse(person=AccountId(world.account(name)), ground="relative"), by="coordinator")
    with pytest.raises(Refusal, match=r"recuse\.nobody_answers"):
        world.take(case, Recuse(person=AccountId(world.account("coordinator")), ground="relative"), by="coordinator")
    assert seen(world, case, by="coordinator") is not None


def test_no_light_of_a_case_is_told_to_whoever_is_recused(world: World) -> None:
    """The head of the unit is recused, and somebody else stands in for them."""
    case, plain = in_hand(world), in_hand(world)
    head = world.account("supervisor")
    world.take(case, Recuse(person=AccountId(head), ground="relative"), by="supervisor", at=START + HOUR)
    assert seen(world, case, by="supervisor") is None
    sweep(world.engine, now=START + timedelta(days=90))
    assert head in told_of(world, plain, "clock:crossed")
    assert head not in told_of(world, case, "clock:crossed")
    assert told_of(world, case, "clock:crossed") - {world.account("mediator")}, "and yet not only the holder is told"
    assert world.ledger_agrees()


# -- taking part ------------------------------------------------------------------------------------------------------


def test_a_co_handler_may_do_what_the_holder_may_until_they_leave(world: World) -> None:
    case = in_hand(world)
    helper = AccountId(world.account("mediator_2"))
    assert seen(world, case, by="mediator_2") is None
    world.take(case, BringIn(part="co_handler", person=helper), by="mediator", at=START + HOUR)
    world.take(case, ContactPerson(note="协办人联系"), by="mediator_2", at=START + 2 * HOUR)
    facts = seen(world, case, by="mediator_2")
    assert facts
    world.take(case, EndPart(participant=facts.taking_part[0].number), by="mediator", at=START + 3 * HOUR)
    assert seen(world, case, by="mediator_2") is None, "what ends takes the way to the case with it"
    assert world.case(case)["holder_person"] == world.account("mediator")
    assert world.ledger_agrees()


def test_a_recorder_reads_and_notes_and_takes_no_step(sqlite_world: World) -> None:
    case = in_hand(sqlite_world)
    world = sqlite_world
    world.take(case, BringIn(part="recorder", person=AccountId(world.account("mediator_2"))), by="mediator")
    world.take(case, AddNote(occasion="note", note="记录"), by="mediator_2")
    with pytest.raises(Refusal) as refused:
        world.take(case, ContactPerson(note="联系"), by="mediator_2")
    assert [reason.code for reason in refused.value.reasons] == ["step.not_yours"]


@pytest.mark.parametrize(
    ("asked", "why"),
    [
        ({"part": "recorder"}, ("bring_in.which_colleague", "person")),
        ({"part": "agent"}, ("bring_in.which_name", "party_name")),
        ({"part": "agent", "party_name": "钱某", "person": "mediator_2"}, ("bring_in.from_outside", "person")),
        ({"part": "co_handler", "person": "mediator"}, ("bring_in.takes_part_already", "person")),
    ],
)
def test_a_part_that_is_nobodys_or_somebodys_already_is_refused(
    sqlite_world: World, asked: dict[str, str], why: tuple[str, str]
) -> None:
    case = in_hand(sqlite_world)
    person = AccountId(sqlite_world.account(asked["person"])) if "person" in asked else None
    command: Command = BringIn(**{**asked, "person": person})  # type: ignore[arg-type]
    with pytest.raises(Refusal) as refused:
        sqlite_world.take(case, command, by="mediator")
    assert why in {(reason.code, reason.field) for reason in refused.value.reasons}


def test_somebody_from_outside_is_kept_by_name_alone(world: World) -> None:
    case = in_hand(world)
    world.take(case, BringIn(part="agent", party_name="钱律师", contact="13812345678"), by="mediator")
    facts = seen(world, case, by="mediator")
    assert facts
    (one,) = facts.taking_part
    assert (one.part, one.person) == ("agent", None)
    assert not any("钱律师" in str(event["data"]) for event in world.events(case))
    assert world.ledger_agrees()
