"""The one door: versions, repeated forms, settling of lights, refusals, and cases that do not exist for whoever asks."""

import json
import threading
from dataclasses import replace

import pytest
from sqlalchemy import insert

from cases.execute import CaseHasMoved, CaseNotFound, Done, Opened, open_case
from cases.sweep import sweep
from cases.tables import Recusal
from infra.db import transaction
from tests.cases.records import DAY, HOUR, START, World, an_intake, local, new_request
from workflow.model import TIMERS, AccountId, Actor, Refusal, Role
from workflow.procedures.every_case.commands import Accept
from workflow.procedures.mediation.commands import RecordConsent
from workflow.procedures.petition.commands import Assign, ContactPerson, RespondFirst, SignFor

# -- what a step leaves -----------------------------------------------------------------------------------------------


def test_a_step_moves_the_state_and_leaves_one_event_its_clocks_and_its_messages(world: World) -> None:
    case = world.open("hotline").case_id
    world.take(case, Accept(), by="clerk", at=START + HOUR)
    room, mediator = world.stage.units["room"], AccountId(world.account("mediator"))
    done = world.take(case, Assign(unit=room, handler=mediator), by="coordinator", at=START + 2 * HOUR, version=2)
    assert done == Done(case_id=case, seq=3, version=3)
    row = world.case(case)
    assert (row["state"], row["version"], row["holder_unit"], row["holder_person"]) == ("dispatched", 3, room, mediator)
    events = world.events(case)
    assert [(e["seq"], e["code"]) for e in events] == [
        (1, "case:registered"),
        (2, "case:accepted"),
        (3, "case:assigned"),
    ]
    assert (events[2]["actor"], events[2]["role"]) == (world.account("coordinator"), "coordinator")
    assert events[2]["occurred_at"] == events[2]["recorded_at"] == START + 2 * HOUR
    running = "SELECT name FROM clock WHERE case_id = :id AND stopped_at IS NULL ORDER BY name"
    assert world.column(running, id=case) == ["contact", "order"]
    told = world.column("SELECT recipient FROM message WHERE stream = :id AND seq = 3 ORDER BY recipient", id=case)
    assert told == sorted([world.account("supervisor"), mediator])
    assert world.ledger_agrees()


def test_a_matter_is_opened_with_its_parties_custody_and_first_clocks(world: World) -> None:
    opened = world.open("mediation", at=START)
    row = world.case(opened.case_id)
    assert (row["state"], row["version"], row["year"], row["serial"]) == ("applied", 1, 2026, 1)
    assert (row["received_at"], row["registered_at"], row["custody_from"]) == (START, START, START)
    assert world.column("SELECT side FROM party ORDER BY number") == ["applicant", "respondent"]
    assert world.column("SELECT name FROM clock") == ["intake"]
    # Nobody holds it by name: the coordinator and the clerk of the centre are told, but not the clerk who acted.
    assert world.column("SELECT recipient FROM message") == [world.account("coordinator")]


def test_an_instant_has_one_spelling_in_everything_that_is_hashed(world: World) -> None:
    """09:00 in Shanghai is 01:00 in UTC; the instant of a command is spelled as that of a row."""
    opened = world.open("hotline", at=START + DAY, command=an_intake("hotline", received_at=START))
    (data,) = world.column("SELECT data FROM event WHERE stream = :id AND seq = 1", id=opened.case_id)
    said = json.loads(data)
    received = said["command"]["received_at"], said["wrote"]["cases"]["received_at"]
    assert received == ("2026-03-02T01:00:00.000000Z", "2026-03-02T01:00:00.000000Z")
    assert "+00:00" not in data


# -- versions and repeated forms --------------------------------------------------------------------------------------


def test_a_form_opened_on_another_version_changes_nothing_and_says_which(world: World) -> None:
    case = world.open().case_id
    world.take(case, Accept(), by="clerk", version=1)
    found = world.everything()
    for stale in (1, 3):
        with pytest.raises(CaseHasMoved) as moved:
            world.take(case, RespondFirst(note="已联系"), by="clerk", version=stale)
        assert (moved.value.expected, moved.value.found) == (stale, 2)
    assert world.everything() == found


def test_a_form_sent_twice_gives_the_first_result_and_one_event(world: World) -> None:
    case, request = world.open().case_id, new_request()
    first = world.take(case, Accept(), by="clerk", version=1, request=request)
    world.take(case, RespondFirst(note="已联系"), by="clerk", version=2)
    found = world.everything()
    again = world.take(case, Accept(), by="clerk", version=1, request=request, at=START + DAY)
    assert again == replace(first, repeated=True)
    assert world.everything() == found


def test_a_filing_sent_twice_gives_the_same_case_and_the_same_code(world: World) -> None:
    request = new_request()
    first = world.open(request=request)
    again = world.open(request=request, at=START + DAY)
    assert again == replace(first, repeated=True)
    assert world.column("SELECT count(*) FROM cases") == world.column("SELECT last FROM series") == [1]


def test_a_filing_sent_by_many_at_once_opens_one_case(world: World) -> None:
    request, results = new_request(), list[Opened | Exception]()

    def send() -> None:
        try:
            results.append(world.open(request=request))
        except Exception as error:  # noqa: BLE001 -- whatever went wrong is compared below
            results.append(error)

    threads = [threading.Thread(target=send) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert {replace(r, repeated=False) if isinstance(r, Opened) else r for r in results} == {
        replace(r, repeated=False) for r in results if isinstance(r, Opened)
    }
    assert sum(isinstance(r, Opened) and not r.repeated for r in results) == 1
    assert world.column("SELECT count(*) FROM cases") == world.column("SELECT last FROM series") == [1]


def test_another_form_from_the_same_page_is_another_request(world: World) -> None:
    assert world.open(request="a" * 32).code != world.open(request="b" * 32).code
    assert world.column("SELECT serial FROM cases ORDER BY serial") == [1, 2]


def test_the_id_of_a_form_stands_nowhere_in_the_record(world: World) -> None:
    opening, accepting = new_request(), new_request()
    case = world.open(request=opening).case_id
    world.take(case, Accept(), by="clerk", request=accepting)
    written = repr(world.everything())
    assert opening not in written
    assert accepting not in written


# -- settling ---------------------------------------------------------------------------------------------------------


def test_a_step_never_outruns_a_light(world: World) -> None:
    """The notice is yellow since 03-13 and nobody has swept. The step on 03-14 records the light first."""
    case = world.open("petition").case_id
    done = world.take(case, Accept(), by="clerk", at=local("2026-03-14 10:00"), version=1)
    crossing, step = world.events(case)[1:]
    assert (crossing["code"], step["code"], done.seq) == ("clock:crossed", "case:accepted", 3)
    # 15 days from 03-02 end with 03-17; the last five of them begin on 03-13 at midnight in Shanghai.
    assert crossing["occurred_at"] == local("2026-03-13 00:00")
    assert crossing["recorded_at"] == step["recorded_at"] == local("2026-03-14 10:00")
    assert (crossing["actor"], crossing["role"]) == (None, "system")
    assert '"rung":"yellow"' in crossing["data"]
    stopped = "SELECT stopped_at >= crossed_until FROM clock WHERE case_id = :id AND name = 'notice'"
    assert world.column(stopped, id=case) == [True]
    assert world.ledger_agrees()


def test_a_light_settled_by_a_handover_names_the_holder_it_was_lit_for(world: World) -> None:
    """The order turned yellow in the hands of one mediator; that the step gives it to another changes nothing about it."""
    room, first, second = (
        world.stage.units["room"],
        *(AccountId(world.account(n)) for n in ("mediator", "mediator_2")),
    )
    case = world.open("hotline").case_id
    world.take(case, Accept(), by="clerk")
    world.take(case, Assign(unit=room, handler=first), by="coordinator")
    world.take(case, SignFor(), by="mediator")
    world.take(case, ContactPerson(note="已联系"), by="mediator")
    # Five working days from Monday end with 03-09; yellow is the last two of them, from Friday 03-06.
    at = local("2026-03-06 11:00")
    world.take(case, Assign(unit=room, handler=second), by="coordinator", at=at)
    lit = [e for e in world.events(case) if e["code"] == "clock:crossed"]
    assert [(f'"person":{first}' in e["data"], f'"unit":{room}' in e["data"]) for e in lit] == [(True, True)]
    told = world.column("SELECT recipient FROM message WHERE stream = :id AND seq = :seq", id=case, seq=lit[0]["seq"])
    assert sorted(told) == sorted([first, world.account("supervisor"), world.account("duty_leader")])
    assert world.case(case)["holder_person"] == second


def test_crossings_do_not_count_as_versions(world: World) -> None:
    """A form that was opened before a light came on is still good."""
    case = world.open("petition").case_id
    assert sweep(world.engine, now=START + 14 * DAY).clocks == 1
    assert world.case(case)["version"] == 1
    done = world.take(case, Accept(), by="clerk", at=START + 16 * DAY, version=1)
    assert (done.version, done.seq) == (2, len(world.events(case)))
    assert done.seq > 3


# -- refusals ---------------------------------------------------------------------------------------------------------


def test_a_refusal_names_every_reason_and_writes_nothing_not_even_the_lights_that_were_due(world: World) -> None:
    case = world.open("mediation").case_id
    sweep(world.engine, now=START)
    found = world.everything()
    with pytest.raises(Refusal) as refusal:
        world.take(case, Accept(), by="clerk", at=START + 9 * DAY, version=1)
    assert [reason.code for reason in refusal.value.reasons] == ["mediation.consent_missing"]
    with pytest.raises(Refusal):
        world.take(case, Accept(), by="duty_leader", at=START + 9 * DAY, version=1)
    assert world.everything() == found


def test_a_refused_form_may_be_sent_again_once_it_is_right(world: World) -> None:
    case, request = world.open("mediation").case_id, new_request()
    with pytest.raises(Refusal):
        world.take(case, Accept(), by="clerk", request=request)
    world.take(case, RecordConsent(party=world.parties(case)[1], answer="given"), by="clerk")
    assert not world.take(case, Accept(), by="clerk", request=request).repeated


def test_a_refused_opening_takes_no_number_and_leaves_nothing(world: World) -> None:
    found, request = world.everything(), new_request()
    with pytest.raises(Refusal):
        world.open(command=an_intake(received_at=START + DAY), request=request)
    assert world.everything() == found
    assert world.open(request=request).repeated is False


# -- cases that do not exist for whoever asks -------------------------------------------------------------------------


def test_a_case_does_not_exist_for_whoever_may_not_see_it(world: World) -> None:
    case = world.open().case_id
    found = world.everything()
    stranger = world.actor("petitioner", case=case + 1)
    administrator = Actor(
        account=AccountId(world.account("clerk")), role=Role.ADMINISTRATOR, unit=world.stage.units["centre"]
    )
    for actor in (world.actor("mediator"), world.actor("supervisor"), stranger, administrator):
        with pytest.raises(CaseNotFound):
            _take_as(world, case, actor)
    with pytest.raises(CaseNotFound):
        _take_as(world, case + 7, world.actor("clerk"))
    assert world.everything() == found


def test_a_case_stops_existing_for_whoever_is_recused(world: World) -> None:
    case = world.open().case_id
    with transaction(world.engine) as connection:
        connection.execute(insert(Recusal).values(case_id=case, person=world.account("clerk")))
    with pytest.raises(CaseNotFound):
        _take_as(world, case, world.actor("clerk"))
    assert not _take_as(world, case, world.actor("coordinator")).repeated


def test_the_timers_may_take_no_step_of_a_case(world: World) -> None:
    case = world.open().case_id
    with pytest.raises(Refusal):
        _take_as(world, case, TIMERS)


def _take_as(world: World, case: int, actor: Actor) -> Done:
    from cases.execute import execute

    with transaction(world.engine) as connection:
        return execute(
            connection, case, Accept(), actor=actor, now=START, expected_version=1, office=world.office,
            request=new_request(),
        )  # fmt: skip


def test_whoever_has_no_unit_opens_nothing(world: World) -> None:
    """The one value that intake cannot do without is asked for before anything is written."""
    nowhere = Actor(account=AccountId(world.account("clerk")), role=Role.CLERK, unit=None)
    found = world.everything()
    with pytest.raises(AssertionError), transaction(world.engine) as connection:
        open_case(
            connection, an_intake(), profile="petition", actor=nowhere, now=START, office=world.office,
            request=new_request(),
        )  # fmt: skip
    assert world.everything() == found
