"""Personal text stands in `personal_text` and nowhere else: every field that takes any is filled with a marked word, and
every other column of every table is searched for it."""

import secrets
from dataclasses import replace
from datetime import date
from typing import Any

import pytest

from cases.moving import apply_plan
from cases.planning import planned
from cases.policies import candidate_of, shipped_files
from cases.sweep import sweep
from infra.db import reading
from ledger.chain import commitment
from tests.cases.orders import an_order
from tests.cases.records import DAY, HOUR, START, World, local
from workflow.commands import Command
from workflow.fields import personal_fields
from workflow.model import TIMERS, AccountId, CaseId, RecordNumber
from workflow.procedures import PROCEDURES
from workflow.procedures.every_case.commands import (
    Accept,
    AddNote,
    AddParty,
    AnswerTask,
    AppealLight,
    AskAgain,
    AskToWithdraw,
    AskUnit,
    BringIn,
    Correct,
    DecideWaiver,
    EndTask,
    ExplainLateness,
    GiveTask,
    HandOver,
    LinkCases,
    Rate,
    Recuse,
    Refuse,
    Resume,
    Revisit,
    Suspend,
    TakeBack,
    Unlink,
    WriteBack,
)
from workflow.procedures.mediation.commands import (
    Apply,
    AppointMediators,
    CorrectAgreement,
    Disclose,
    FollowUp,
    HoldSession,
    KeepMediator,
    NotifyRights,
    RecordConsent,
    RecordPerformance,
    ReplaceMediator,
    SeekConsent,
    Settle,
    SettleInPart,
    Terminate,
)
from workflow.procedures.petition.commands import (
    Assign,
    Close,
    ConfirmWithdrawal,
    ContactPerson,
    FindNotOurs,
    RefuseExtension,
    Register,
    Reopen,
    Reply,
    ReportByPhone,
    ReportInWriting,
    RequestExtension,
    RequestSuspension,
    RespondFirst,
    SignFor,
)

#: Fields of several texts.
MANY = {"more_applicants", "respondents", "invitees"}


class Marked:
    """Makes commands whose every personal field carries a word of its own, and remembers the words."""

    def __init__(self) -> None:
        self.words: dict[str, tuple[str, str]] = {}

    def __call__(self, kind: type[Command], /, **values: Any) -> Any:
        for name in personal_fields(kind):
            texts = tuple(self._word(kind, name) for _ in range(2 if name in MANY else 1))
            values[name] = texts if name in MANY else texts[0]
        return kind(**values)

    @property
    def filled(self) -> set[tuple[str, str]]:
        return set(self.words.values())

    def _word(self, kind: type[Command], name: str) -> str:
        word = f"密{secrets.token_hex(8)}语"
        self.words[word] = (kind.__name__, name)
        return word


def test_personal_text_stands_in_its_own_table_and_nowhere_else(world: World) -> None:
    marked = Marked()
    _a_petition(world, marked)
    _a_refused_petition(world, marked)
    _a_withdrawn_petition(world, marked)
    _a_crisis(world, marked)
    _a_waived_light(world, marked)
    _an_appealed_light(world, marked)
    _a_late_order(world, marked)
    _a_mediation(world, marked)
    asked = {
        (name, field) for table in PROCEDURES.values() for name in table.commands for field in _personal(table, name)
    }
    assert asked - marked.filled == set(), "a field of personal text that this test does not know"
    tables = dict(world.everything())
    texts = {row["content"] for row in tables.pop("personal_text")}
    assert texts >= set(marked.words)
    elsewhere = repr(tables)
    assert {marked.words[word] for word in marked.words if word in elsewhere} == set()
    assert world.ledger_agrees()


def test_the_search_would_find_a_word_in_any_table(sqlite_world: World) -> None:
    """The same search on a table that does hold names shows that it can find something."""
    tables = dict(sqlite_world.everything())
    assert "mediator_4@example.invalid" in repr(tables)


def test_the_ledger_holds_a_salted_commitment_to_each_text(world: World) -> None:
    case = world.open().case_id
    for row in world.rows("SELECT number, kind, salt, content FROM personal_text WHERE case_id = :id", id=case):
        vouched = (
            f'"{row["number"]}":{{"commitment":"{commitment(row["salt"], row["content"])}","kind":"{row["kind"]}"}}'
        )
        assert vouched in world.events(case)[0]["data"]


def test_equal_texts_have_different_salts_so_that_nobody_can_guess_them_from_the_ledger(world: World) -> None:
    for _ in range(2):
        world.open()
    salts = world.column("SELECT salt FROM personal_text")
    assert len(salts) == len(set(salts)) == 8
    assert {len(salt) for salt in salts} == {32}


# -- lives of cases that use every field ------------------------------------------------------------------------------


def _a_petition(world: World, marked: Marked) -> None:
    room, mediator = world.stage.units["room"], AccountId(world.account("mediator"))
    case = world.open("hotline", command=marked(Register)).case_id
    world.take(case, Accept(), by="clerk")
    world.take(case, marked(Assign, unit=room, handler=mediator), by="coordinator")
    world.take(case, SignFor(), by="mediator")
    for kind in (ContactPerson, RespondFirst):
        world.take(case, marked(kind), by="mediator")
    world.take(case, marked(RequestExtension, to_length=10), by="mediator")
    world.take(case, marked(Suspend, ground="appraisal", until=date(2026, 3, 10)), by="mediator")
    world.take(case, marked(Resume), by="mediator", at=START + HOUR)
    (party,) = world.parties(case)[:1]
    world.take(case, marked(AddNote), by="mediator", at=START + HOUR)
    world.take(case, marked(AddParty, side="respondent"), by="clerk", at=START + HOUR)
    world.take(case, marked(Correct, party=party), by="clerk", at=START + HOUR)
    world.take(case, marked(WriteBack), by="petitioner", at=START + HOUR)
    beside = CaseId(world.open().case_id)
    world.take(case, marked(LinkCases, other=beside, kind="related"), by="clerk", at=START + HOUR)
    number = world.column("SELECT number FROM link WHERE case_id = :id", id=case)[0]
    world.take(case, marked(Unlink, link=number), by="clerk", at=START + HOUR)
    mediator, other = (AccountId(world.account(name)) for name in ("mediator", "mediator_2"))
    world.take(case, marked(BringIn, part="agent"), by="mediator", at=START + HOUR)
    world.take(case, BringIn(part="co_handler", person=other), by="mediator", at=START + HOUR)
    world.take(case, marked(AskUnit, co_unit=world.stage.units["bureau"], length=1), by="mediator", at=START + HOUR)
    world.take(case, marked(AnswerTask, task=_last_task(world, case)), by="bureau", at=START + HOUR)
    world.take(case, marked(GiveTask, person=other, length=1), by="mediator", at=START + HOUR)
    world.take(case, marked(EndTask, task=_last_task(world, case)), by="mediator", at=START + HOUR)
    world.take(case, marked(HandOver, leaving=mediator, to=other, ground="absent"), by="coordinator", at=START + HOUR)
    world.take(case, marked(Recuse, person=other, to=mediator, ground="interest"), by="coordinator", at=START + HOUR)
    world.take(case, marked(Reply, form="oral"), by="mediator", at=START + 2 * HOUR)
    world.take(case, marked(Rate, score="satisfied"), by="petitioner", at=START + DAY)
    world.take(case, Close(outcome="resolved"), by="mediator", at=START + DAY)
    world.take(case, marked(TakeBack), by="supervisor", at=START + DAY)


def _last_task(world: World, case: int) -> RecordNumber:
    return RecordNumber(world.column("SELECT max(number) FROM task WHERE case_id = :id", id=case)[0])


def _a_withdrawn_petition(world: World, marked: Marked) -> None:
    case = world.open().case_id
    world.take(case, AskToWithdraw(), by="petitioner", at=START + HOUR)
    world.take(case, marked(ConfirmWithdrawal, of_own_will=True), by="coordinator", at=START + 2 * HOUR)


def _a_refused_petition(world: World, marked: Marked) -> None:
    case = world.open("petition", command=marked(Register)).case_id
    world.take(case, marked(Refuse, ground="not_competent"), by="clerk")
    case = world.open("petition", command=marked(Register)).case_id
    world.take(case, marked(FindNotOurs, ground="duplicate"), by="coordinator")


def _a_crisis(world: World, marked: Marked) -> None:
    """The office takes in crises as well: only they are reported to others."""
    office = replace(world.office, profiles=(*world.office.profiles, "crisis"))
    case = replace(world, office=office).open("crisis", command=marked(Register)).case_id
    for kind in (ReportByPhone, ReportInWriting):
        world.take(case, marked(kind), by="clerk")


def _a_waived_light(world: World, marked: Marked) -> None:
    """Red since Tuesday the 10th, until Thursday the 5th turns out to have been a day off."""
    case, now = an_order(world), local("2026-03-10 09:00")
    sweep(world.engine, now=now)
    name = "calendars/cn-2026.toml"
    given = {name: shipped_files()[name].replace(b"off = [\n", b"off = [\n    2026-03-05,\n")}
    with reading(world.engine) as connection:
        files, candidate = candidate_of(connection, given, calendar="cn")
        plan = planned(connection, candidate, now=now)
    apply_plan(world.engine, plan.id, files, candidate, actor=TIMERS, now=now)
    present = world.reloaded()
    for number in world.column("SELECT number FROM waiver WHERE case_id = :id", id=case):
        present.take(case, marked(DecideWaiver, waiver=number, decision="upheld"), by="assessor", at=now)


def _an_appealed_light(world: World, marked: Marked) -> None:
    """Yellow since Friday the 6th; the appeal is rejected and renewed, the matter closed and opened again."""
    case, now = an_order(world), local("2026-03-06 09:00")
    sweep(world.engine, now=now)
    (number,) = world.column("SELECT number FROM clock WHERE case_id = :id AND name = 'order'", id=case)
    world.take(case, marked(AppealLight, light=f"{number}:yellow", ground="other"), by="supervisor", at=now)
    (waiver,) = world.column("SELECT number FROM waiver WHERE case_id = :id", id=case)
    world.take(case, marked(DecideWaiver, waiver=waiver, decision="rejected"), by="assessor", at=now)
    world.take(case, marked(AskAgain, waiver=waiver), by="supervisor", at=now)
    world.take(case, marked(Reply, form="oral"), by="mediator", at=now)
    world.take(case, Close(outcome="resolved"), by="mediator", at=now)
    world.take(case, marked(Reopen, ground="supervised"), by="coordinator", at=now)


def _a_late_order(world: World, marked: Marked) -> None:
    """Neither lengthened nor suspended, red since Tuesday the 10th and explained."""
    case, asked_at = an_order(world), local("2026-03-05 09:00")
    world.take(case, marked(RequestExtension, to_length=10), by="mediator", at=asked_at)
    world.take(case, marked(RefuseExtension), by="supervisor", at=asked_at)
    asking = marked(RequestSuspension, ground="objective_limits", until=date(2026, 3, 20))
    world.take(case, asking, by="mediator", at=asked_at)
    world.take(case, marked(ExplainLateness), by="mediator", at=local("2026-03-11 09:00"))
    _a_dissatisfied_person(world, marked)


def _a_dissatisfied_person(world: World, marked: Marked) -> None:
    """Asked since the day on which that is owed."""
    case, answered_at = an_order(world), local("2026-12-01 10:00")
    world.take(case, marked(Reply, form="oral"), by="mediator", at=answered_at)
    world.take(case, marked(Rate, score="dissatisfied"), by="petitioner", at=answered_at)
    world.take(case, marked(Revisit, finding="explained"), by="supervisor", at=answered_at)


def _a_mediation(world: World, marked: Marked) -> None:
    people = {name: AccountId(world.account(name)) for name in ("mediator", "mediator_2", "mediator_3")}
    case = world.open("mediation", command=marked(Apply)).case_id
    parties = world.parties(case)
    world.take(case, marked(SeekConsent), by="clerk")
    for party in parties[2:]:
        world.take(case, RecordConsent(party=party, answer="given"), by="clerk")
    world.take(case, Accept(), by="clerk")
    world.take(case, AppointMediators(chief=people["mediator"], others=(people["mediator_2"],)), by="coordinator")
    world.take(case, marked(Disclose, mediator=people["mediator_2"], ground="interest"), by="mediator_2")
    world.take(case, marked(KeepMediator, mediator=people["mediator_2"], consenting=parties), by="coordinator")
    replaced = marked(
        ReplaceMediator, leaving=people["mediator_2"], arriving=people["mediator_3"], ground="party_request"
    )
    world.take(case, replaced, by="coordinator")
    world.take(case, NotifyRights(signed_by=parties), by="mediator")
    world.take(case, marked(HoldSession, form="joint", consenting=parties), by="mediator")
    agreed = {"form": "written", "performance_due_on": date(2026, 4, 1), "signed_by": parties}
    for kind in (SettleInPart, Settle):
        world.take(case, marked(kind, **agreed, mediator_signed=True, sealed=True), by="mediator")
    world.take(case, marked(CorrectAgreement), by="mediator")
    world.take(case, marked(RecordPerformance, extent="in_full"), by="mediator")
    world.take(case, marked(FollowUp, extent="in_full"), by="mediator", at=START + 31 * DAY)
    _a_terminated_mediation(world, marked)


def _a_terminated_mediation(world: World, marked: Marked) -> None:
    case = world.open("mediation", command=marked(Apply)).case_id
    for party in world.parties(case)[2:]:
        world.take(case, RecordConsent(party=party, answer="given"), by="clerk")
    world.take(case, Accept(), by="clerk")
    world.take(case, marked(Terminate, ground="legal_bar", notice_given=True), by="coordinator")


def _personal(table: Any, name: str) -> dict[str, Any]:
    return dict(personal_fields(table.commands[name]))


@pytest.mark.parametrize("number", [0, 99])
def test_a_party_that_the_case_does_not_have_is_refused(world: World, number: int) -> None:
    """Numbers of records come from outside; one that names nothing must not become a text of its own."""
    from workflow.model import Refusal

    case = world.open("mediation").case_id
    with pytest.raises(Refusal):
        world.take(case, RecordConsent(party=RecordNumber(number), answer="given"), by="clerk")
