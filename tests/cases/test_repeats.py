"""One form id carries one thing: the same again gives the same, anything else is refused and changes nothing."""

import json
from dataclasses import fields, replace
from datetime import date
from typing import Any

import pytest
from sqlalchemy import text

from cases.repeats import FormWasUsed, Taken, _says_the_same
from infra.db import reading, transaction
from tests.cases.records import DAY, HOUR, START, World, an_intake, new_request
from workflow.fields import codes_of, personal_texts
from workflow.model import AccountId
from workflow.procedures.every_case.commands import Accept, ExtendByConsent
from workflow.procedures.mediation.commands import AppointMediators, RecordConsent, Settle
from workflow.procedures.petition.commands import Register, RespondFirst

FIRST = Register(
    title="楼道堆物", statement="楼道里堆满了杂物", applicant="王某", applicant_contact="13800000000",
    more_applicants=("赵某",), respondents=("李某", "周某"), dispute_type="99", channel="letter", received_at=START - DAY,
)  # fmt: skip
#: What else could be typed into the very same form: one field each.
ANOTHER: dict[str, Any] = {
    "title": "楼道堆物了", "statement": "楼道里堆满了杂物。", "applicant": "王某某", "applicant_contact": None,
    "more_applicants": (), "respondents": ("周某", "李某"), "dispute_type": "01", "channel": "visit",
    "received_at": START - HOUR, "identity_unclear": True,
}  # fmt: skip


def test_every_field_of_a_filing_is_compared() -> None:
    assert set(ANOTHER) == {field.name for field in fields(FIRST)}


@pytest.mark.parametrize("name", list(ANOTHER))
def test_a_filing_under_a_used_id_with_one_field_otherwise_is_refused(name: str, sqlite_world: World) -> None:
    request = new_request()
    first = sqlite_world.open("petition", command=FIRST, request=request)
    found = sqlite_world.everything()
    with pytest.raises(FormWasUsed):
        sqlite_world.open("petition", command=replace(FIRST, **{name: ANOTHER[name]}), request=request)
    assert sqlite_world.everything() == found
    again = sqlite_world.open("petition", command=FIRST, request=request, at=START + DAY)
    assert again == replace(first, repeated=True)


def test_a_filing_under_a_used_id_by_another_or_of_another_matter_is_refused(world: World) -> None:
    request = new_request()
    world.open("petition", request=request)
    found = world.everything()
    for other in ({"by": "coordinator"}, {"matter": "hotline"}, {"matter": "mediation"}):
        with pytest.raises(FormWasUsed):
            world.open(**{"matter": "petition", **other}, request=request)
    assert world.everything() == found


def test_a_step_under_a_used_id_is_refused_if_anything_is_otherwise(world: World) -> None:
    case, other, request = world.open().case_id, world.open().case_id, new_request()
    first = world.take(case, RespondFirst(note="已联系"), by="clerk", request=request)
    found = world.everything()
    for case_id, command, by in (
        (case, RespondFirst(note="已联系。"), "clerk"),
        (case, Accept(), "clerk"),
        (other, RespondFirst(note="已联系"), "clerk"),
        (case, RespondFirst(note="已联系"), "coordinator"),
    ):
        with pytest.raises(FormWasUsed):
            world.take(case_id, command, by=by, request=request)
    assert world.everything() == found
    again = world.take(case, RespondFirst(note="已联系"), by="clerk", request=request, version=1)
    assert again == replace(first, repeated=True)


def test_a_step_under_the_id_of_a_filing_is_refused(world: World) -> None:
    request = new_request()
    case = world.open(request=request).case_id
    with pytest.raises(FormWasUsed):
        world.take(case, Accept(), by="clerk", request=request)


@pytest.mark.parametrize(
    "changed", [{"to_length": 46}, {"consenting": ()}], ids=["a figure", "a choice of several"]
)  # fmt: skip
def test_figures_and_choices_are_compared_too(changed: dict[str, Any], world: World) -> None:
    case = world.open("mediation").case_id
    parties = world.parties(case)
    world.take(case, RecordConsent(party=parties[1], answer="given"), by="clerk")
    world.take(case, Accept(), by="clerk")
    world.take(case, AppointMediators(chief=AccountId(world.account("mediator"))), by="coordinator")
    extend, request = ExtendByConsent(to_length=45, consenting=parties), new_request()
    first = world.take(case, extend, by="mediator", request=request)
    with pytest.raises(FormWasUsed):
        world.take(case, replace(extend, **changed), by="mediator", request=request)
    assert world.take(case, extend, by="mediator", request=request) == replace(first, repeated=True)


def test_a_text_that_was_erased_equals_nothing_any_more(world: World) -> None:
    request = new_request()
    world.open(request=request)
    with transaction(world.engine) as connection:
        connection.execute(text("UPDATE personal_text SET content = NULL, salt = NULL WHERE kind = 'statement'"))
    with pytest.raises(FormWasUsed):
        world.open(request=request)


def test_an_event_that_knew_a_field_not_yet_is_the_same_as_long_as_nothing_is_said_in_it(world: World) -> None:
    """As an earlier version wrote it: its command has no `dispute_type`, whose usual value is 99."""
    case = world.open(command=an_intake()).case_id
    (event,) = world.events(case)
    data = json.loads(event["data"])
    del data["command"]["dispute_type"]
    earlier = Taken(case, 1, data)
    with reading(world.engine) as connection:
        assert _says_the_same(connection, earlier, an_intake())
        assert not _says_the_same(connection, earlier, an_intake(dispute_type="01"))


def test_nothing_that_was_typed_enters_the_ledger_for_the_comparison(world: World) -> None:
    """Neither the words nor a digest of them: a guess about a text cannot be tried on the ledger."""
    world.open("petition", command=FIRST, request=new_request())
    (event,) = world.events(1)
    data = json.loads(event["data"])
    texts = {number: text for number, (_, _, text) in enumerate(personal_texts(FIRST), 1)}
    assert not [words for words in texts.values() if words in event["data"]]
    assert set(data) == {"command", "schema", "told", "version", "wrote"}
    assert set(data["command"]) == {"name", *(field.name for field in fields(FIRST))}


def test_codes_are_spelled_as_the_ledger_spells_them() -> None:
    settle = Settle(
        form="written", terms="付清", performance_due_on=date(2026, 11, 10), signed_by=(), mediator_signed=True
    )
    assert codes_of(settle)["performance_due_on"] == "2026-11-10"
    assert "terms" not in codes_of(settle)
    assert codes_of(FIRST)["received_at"] == "2026-03-01T01:00:00.000000Z"
