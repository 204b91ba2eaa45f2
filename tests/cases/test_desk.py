"""Daily work at the desk as the record keeps it: corrections beside what was there, a new code in the place of the old one."""

import json
from datetime import timedelta

import pytest

from cases.execute import CaseNotFound
from cases.facts import load_facts
from cases.history import records
from cases.reading import texts_of, timeline, title_in, titles_of
from cases.tracking import case_of, code_for
from infra.db import reading
from tests.cases.records import DAY, HOUR, START, World, an_intake, new_request
from workflow.model import TIMERS, Refusal
from workflow.procedures.every_case.commands import Accept, AddNote, AddParty, Correct, RenewCode, WriteBack
from workflow.procedures.petition.commands import Register

WRONG = {"title": "停车为", "applicant": "李士", "applicant_contact": "13900000000"}


def a_petition(world: World) -> int:
    return world.open(command=Register(statement="小区停车难。", dispute_type="25", **WRONG)).case_id


def fields_at_fault(refused: pytest.ExceptionInfo[Refusal]) -> set[tuple[str, str | None]]:
    return {(reason.code, reason.field) for reason in refused.value.reasons}


def test_what_was_corrected_is_shown_and_what_was_there_stays(world: World) -> None:
    case = a_petition(world)
    (party,) = world.parties(case)
    world.take(case, Correct(title="停车位", dispute_type="10", reason="录入错误"), by="clerk", at=START + HOUR)
    world.take(case, Correct(party=party, party_name="李四", reason="本人更正"), by="clerk", at=START + 2 * HOUR)
    clerk = world.actor("clerk")
    with reading(world.engine) as connection:
        assert titles_of(connection, [case], actor=clerk)[case] == ("停车位", ["李四"])
        texts = texts_of(connection, [case], actor=clerk)[case]
        events = timeline(connection, case, actor=clerk)
        facts, _ = load_facts(connection, case, actor=clerk) or (None, None)
    assert facts
    assert title_in(events, texts) == "停车位"
    assert title_in(events[:1], texts) == "停车为"
    assert {"停车为", "李士"} <= set(texts.values()), "what was there is still in the record"
    assert facts.dispute_type == "10"
    assert texts[facts.parties[0].name] == "李四"
    assert texts[facts.parties[0].contact or 0] == "13900000000", "what was not corrected is as it was"
    before = [event.data["before"] for event in events if event.code == "case:corrected"]
    assert before[0] == {"dispute_type": "25"}
    assert texts[before[1]["name"]] == "李士"
    assert world.ledger_agrees()


def test_no_word_of_a_correction_stands_in_an_event(world: World) -> None:
    case = a_petition(world)
    (party,) = world.parties(case)
    world.take(
        case, Correct(title="停车位", party=party, party_name="李四", contact="13911111111", reason="更正"), by="clerk"
    )
    assert not any(
        word in str(event["data"]) for event in world.events(case) for word in ("停车位", "李四", "13911111111")
    )


def test_a_correction_moves_no_clock_and_no_date(world: World) -> None:
    case = a_petition(world)
    world.take(case, Accept(), by="clerk", at=START + HOUR)
    before = world.rows("SELECT * FROM clock WHERE case_id = :id ORDER BY number", id=case)
    world.take(case, Correct(title="停车位", dispute_type="10", reason="录入错误"), by="clerk", at=START + DAY)
    assert world.rows("SELECT * FROM clock WHERE case_id = :id ORDER BY number", id=case) == before


def test_the_record_of_then_has_what_stood_there_then(world: World) -> None:
    case = a_petition(world)
    world.take(case, Correct(dispute_type="10", reason="录入错误"), by="clerk", at=START + DAY)
    with reading(world.engine) as connection:
        then, now = (
            next(records(connection, actor=TIMERS, cases=[case], until=START + since)).case["dispute_type"]
            for since in (timedelta(), DAY)
        )
    assert (then, now) == ("25", "10")


@pytest.mark.parametrize(
    ("typed", "why"),
    [
        ({}, ("correct.nothing", None)),
        ({"party_name": "李四"}, ("correct.whose", "party")),
        ({"dispute_type": "25"}, ("correct.same_type", "dispute_type")),
        ({"dispute_type": "no such"}, ("form.not_offered", "dispute_type")),
        ({"party": 999, "party_name": "李四"}, ("form.not_offered", "party")),
    ],
)
def test_a_correction_of_nothing_of_nobody_or_of_another_case_is_refused(
    sqlite_world: World, typed: dict[str, object], why: tuple[str, str | None]
) -> None:
    case = a_petition(sqlite_world)
    events = len(sqlite_world.events(case))
    with pytest.raises(Refusal) as refused:
        sqlite_world.take(case, Correct(reason="更正", **typed), by="clerk")  # type: ignore[arg-type]
    assert why in fields_at_fault(refused)
    assert len(sqlite_world.events(case)) == events


def test_somebody_whose_name_is_left_empty_is_not_corrected(sqlite_world: World) -> None:
    case = a_petition(sqlite_world)
    (party,) = sqlite_world.parties(case)
    with pytest.raises(Refusal) as refused:
        sqlite_world.take(case, Correct(party=party, reason="更正"), by="clerk")
    assert ("correct.what", "party_name") in fields_at_fault(refused)


def test_a_new_code_opens_the_case_and_the_old_one_nothing(world: World) -> None:
    opened, request = world.open(), new_request()
    world.take(opened.case_id, RenewCode(identified_by="id_document"), by="clerk", request=request)
    again = world.take(opened.case_id, RenewCode(identified_by="id_document"), by="clerk", request=request)
    assert again.repeated
    with reading(world.engine) as connection:
        assert case_of(connection, opened.code) is None
        assert case_of(connection, code_for(request)) == opened.case_id
    assert world.ledger_agrees()


@pytest.mark.parametrize("who", ["mediator", "supervisor", "petitioner"])
def test_only_the_desk_gives_a_new_code(sqlite_world: World, who: str) -> None:
    case = sqlite_world.open().case_id
    with pytest.raises((Refusal, CaseNotFound)):
        sqlite_world.take(case, RenewCode(identified_by="id_document"), by=who)
    assert len(sqlite_world.events(case)) == 1


def test_somebody_joins_on_the_other_side_and_is_asked_for_consent(world: World) -> None:
    case = world.open("mediation").case_id
    before = world.parties(case)
    world.take(case, AddParty(side="respondent", party_name="丙某"), by="clerk", at=START + HOUR)
    rows = world.rows("SELECT number, side, consent FROM party WHERE case_id = :id ORDER BY number", id=case)
    (added,) = [row for row in rows if row["number"] not in before]
    assert (added["side"], added["consent"]) == ("respondent", "pending")
    assert world.ledger_agrees()


def test_what_the_petitioner_adds_reaches_whoever_has_the_matter(world: World) -> None:
    case = world.open(command=an_intake()).case_id
    done = world.take(case, WriteBack(message="门口又堵了。"), by="petitioner", at=START + HOUR)
    told = json.loads(world.events(case)[done.seq - 1]["data"])["told"]
    assert world.account("clerk") in told
    assert world.column("SELECT count(*) FROM message WHERE stream = :id AND seq = :seq", id=case, seq=done.seq) == [
        len(told)
    ]


def test_a_note_is_kept_with_its_occasion_also_after_the_end(world: World) -> None:
    case = world.open().case_id
    world.take(case, AddNote(occasion="unanswered_call", note="上午九点去电，无人接听。"), by="clerk", at=START + HOUR)
    with reading(world.engine) as connection:
        last = timeline(connection, case, actor=world.actor("clerk"))[-1]
    assert last.data["command"]["occasion"] == "unanswered_call"
    assert world.ledger_agrees()
