"""Who may contest a light and until when, who decides, and that nothing of it ever touches the crossing in the ledger.

The order is the one of `orders.py`: a hotline order of Monday 2 March 2026 in the room's hands, yellow on Friday 6 March at
00:00. Five working days after that day are 9, 10, 11, 12 and 13 March: an appeal is in time until the 13th at 24:00.
"""

from collections import Counter
from dataclasses import replace
from datetime import datetime
from typing import Any, NamedTuple

import pytest
from sqlalchemy import insert, text

from cases.assessment_tables import YearClose
from cases.execute import CaseNotFound, Done, execute
from cases.sweep import sweep
from infra.db import reading, transaction
from people.staffing import add_account
from people.units import add_unit
from reports.years.assessment import assess, counts_of_case
from stories.story import actor_of
from tests.cases.orders import an_order
from tests.cases.records import START, World, local, new_request
from tests.databases import FOUNDED_AT
from workflow.commands import Command
from workflow.model import TIMERS, AccountId, Actor, RecordNumber, Refusal, Role, UnitId
from workflow.procedures.every_case.commands import Accept, AppealLight, AskAgain, DecideWaiver
from workflow.procedures.mediation.commands import AppointMediators, RecordConsent
from workflow.procedures.petition.commands import (
    Assign,
    ContactPerson,
    GrantExtension,
    Register,
    RequestExtension,
    SignFor,
)

LIT_AT = local("2026-03-06 00:00")
#: Both on the last day of the order, before red lights too.
ASKED_AT, DECIDED_AT = local("2026-03-09 10:00"), local("2026-03-09 15:00")


class Contest(NamedTuple):
    """An order with a yellow light, and the steps of contesting it."""

    world: World
    case: int

    @property
    def light(self) -> str:
        """The yellow of its order, as a form names it."""
        (number,) = self.world.column(
            "SELECT number FROM clock WHERE case_id = :id AND name = 'order' ORDER BY number LIMIT 1", id=self.case
        )
        return f"{number}:yellow"

    def take(self, command: Command, *, by: Actor, at: datetime, seen_by: Actor | None = None) -> Done:
        with transaction(self.world.engine) as connection:
            return execute(
                connection, self.case, command, actor=by, now=at, expected_version=None, office=self.world.office,
                request=new_request(), seen_by=seen_by,
            )  # fmt: skip

    def refused(self, command: Command, *, by: Actor, at: datetime, seen_by: Actor | None = None) -> set[str]:
        before = self.world.everything()
        with pytest.raises(Refusal) as caught:
            self.take(command, by=by, at=at, seen_by=seen_by)
        assert self.world.everything() == before
        return {reason.code for reason in caught.value.reasons}

    def appeal(self, *, by: str = "supervisor", at: datetime = ASKED_AT) -> int:
        """The number of the new waiver."""
        self.take(an_appeal(self.light), by=self.world.actor(by), at=at, seen_by=TIMERS)
        return self.last_waiver()

    def decide(self, decision: str, *, by: str = "assessor", at: datetime = DECIDED_AT) -> None:
        self.take(a_decision(self.last_waiver(), decision), by=self.world.actor(by), at=at)

    def last_waiver(self) -> int:
        found: int = self.world.column("SELECT max(number) FROM waiver WHERE case_id = :id", id=self.case)[0]
        return found

    def lights(self) -> dict[tuple[str, str], int]:
        """What counts of its lights now, with and without waivers."""
        with reading(self.world.engine) as connection:
            own = counts_of_case(connection, self.case, actor=TIMERS, office=self.world.office)
        return {key: n for key, n in own.items() if key[0] in ("lit", "light")}

    def total(self) -> str:
        with reading(self.world.engine) as connection:
            found = assess(connection, year=2026, scheme="LIGHTS-A", actor=TIMERS, office=self.world.office)
        (sheet,) = (one for one in found.units if one.unit == self.world.stage.units["room"])
        return str(sheet.score.total)

    def crossings(self) -> list[dict[str, Any]]:
        return [event for event in self.world.events(self.case) if event["code"] == "clock:crossed"]


def an_appeal(light: str) -> AppealLight:
    return AppealLight(light=light, ground="not_attributable", evidence="现场无人，有照片。")


def asking_again(waiver: int) -> AskAgain:
    return AskAgain(waiver=RecordNumber(waiver), evidence="补充通话记录。")


def a_decision(waiver: int, decision: str) -> DecideWaiver:
    return DecideWaiver(waiver=RecordNumber(waiver), decision=decision, reason="已核实。")  # type: ignore[arg-type]


#: What the rules look at of a year that is closed: that it is.
A_CLOSED_YEAR = {
    "year": 2026, "scheme": "-", "zone": "-", "policy": "-", "scheme_content": "-", "calendar_content": "-", "cases": 0,
    "cutoff_hash": "-", "result_hash": "-", "result": "-", "proposed_by": 1, "proposed_at": START, "closed_by": 2,
    "closed_at": START,
}  # fmt: skip


@pytest.fixture
def contest(world: World) -> Contest:
    case = an_order(world)
    assert not sweep(world.engine, now=LIT_AT).failed
    return Contest(world, case)


@pytest.fixture
def far_and_wide(world: World) -> dict[str, Any]:
    """The desk, a unit beside the room, with its head and a handler; and a second assessor at the centre."""
    now = local("2026-03-01 09:00")
    with transaction(world.engine) as connection:
        desk = add_unit(
            connection,
            name="谈心室",
            kind="unit",
            parent=world.stage.units["centre"],
            takes_intake=False,
            now=FOUNDED_AT,
        )
        seats = (("desk_head", desk, Role.SUPERVISOR), ("desk_mediator", desk, Role.MEDIATOR),
                 ("assessor_2", world.stage.units["centre"], Role.ASSESSOR))  # fmt: skip
        people = {
            name: actor_of(
                connection,
                add_account(
                    connection, unit=unit, role=role, login=name, name=name, email=f"{name}@example.invalid", now=now
                ),
            )
            for name, unit, role in seats
        }
    return {"desk": desk, **people}


def test_a_light_that_a_pause_covers_does_not_count_and_cannot_be_appealed_against(sqlite_world: World) -> None:
    """A recount that moves a light into a pause waives it by rule: nobody need ask for what is given already."""
    contest = Contest(sqlite_world, an_order(sqlite_world))
    sweep(sqlite_world.engine, now=local("2026-03-06 00:00"))
    pauses = '[["2026-03-05T02:00:00.000000Z","2026-03-12T16:00:00.000000Z","measurement"]]'
    with transaction(sqlite_world.engine) as connection:
        connection.execute(text("UPDATE clock SET pauses = :p WHERE name = 'order'"), {"p": pauses})
    head = sqlite_world.actor("supervisor")
    assert contest.refused(an_appeal(contest.light), by=head, at=ASKED_AT) >= {"appeal.waived_already"}


# -- who may appeal, and until when -----------------------------------------------------------------------------------


def test_the_head_of_the_unit_that_held_it_appeals_and_an_assessor_upholds(contest: Contest) -> None:
    assert contest.total() == "99.50"
    before = contest.crossings()
    contest.appeal()
    assert contest.total() == "99.50"  # asking changes nothing yet
    contest.decide("upheld")
    assert contest.total() == "100.00"
    assert contest.lights() == {("lit", "yellow"): 1}
    assert contest.crossings()[: len(before)] == before
    assert contest.world.ledger_agrees()


def test_a_rejected_appeal_leaves_the_points_as_they_were(contest: Contest) -> None:
    contest.appeal()
    contest.decide("rejected")
    assert contest.total() == "99.50"
    assert contest.lights() == {("lit", "yellow"): 1, ("light", "yellow"): 1}


@pytest.mark.parametrize(
    ("began", "lit", "last_in", "first_out"),
    [
        # 9, 10, 11, 12, 13 March.
        ("2026-03-02 09:00", "2026-03-06 00:00", "2026-03-13 23:59", "2026-03-14 00:00"),
        # Of Thursday 23 April: days 24, 27, 28, 29, 30; yellow on the 29th. Then 30 April, 6, 7, 8 May and the Saturday of
        # 9 May, which is worked for the holiday of 1 to 5 May.
        ("2026-04-23 09:00", "2026-04-29 00:00", "2026-05-09 23:59", "2026-05-10 00:00"),
    ],
)
def test_an_appeal_is_in_time_to_the_last_minute_of_the_fifth_working_day(
    world: World, began: str, lit: str, last_in: str, first_out: str
) -> None:
    case = world.open("hotline", at=local(began)).case_id
    world.take(case, Accept(), by="clerk", at=local(began))
    handler = AccountId(world.account("mediator"))
    world.take(case, Assign(unit=world.stage.units["room"], handler=handler), by="coordinator", at=local(began))
    world.take(case, SignFor(), by="mediator", at=local(began))
    world.take(case, ContactPerson(note="已联系"), by="mediator", at=local(began))
    contest = Contest(world, case)
    sweep(world.engine, now=local(lit))
    assert [event["occurred_at"] for event in contest.crossings()] == [local(lit)]
    head = world.actor("supervisor")
    # By then red has lit, which may still be contested: so that the reason is about this light.
    assert contest.refused(an_appeal(contest.light), by=head, at=local(first_out)) == {"appeal.too_late"}
    contest.take(an_appeal(contest.light), by=head, at=local(last_in))


def test_a_light_that_has_not_lit_cannot_be_contested(contest: Contest) -> None:
    red = contest.light.replace("yellow", "red")
    head = contest.world.actor("supervisor")
    assert "appeal.too_late" not in contest.refused(an_appeal(red), by=head, at=ASKED_AT)
    assert "appeal.no_such_light" in contest.refused(an_appeal(red), by=head, at=ASKED_AT)
    assert "appeal.no_such_light" in contest.refused(an_appeal("999:yellow"), by=head, at=ASKED_AT)
    assert "appeal.no_such_light" in contest.refused(an_appeal("yellow"), by=head, at=ASKED_AT)


@pytest.mark.parametrize("name", ["mediator", "clerk", "coordinator", "assessor"])
def test_nobody_but_a_head_appeals(contest: Contest, name: str) -> None:
    assert contest.refused(an_appeal(contest.light), by=contest.world.actor(name), at=ASKED_AT, seen_by=TIMERS)


def test_a_unit_does_not_appeal_for_another(contest: Contest, far_and_wide: dict[str, Any]) -> None:
    appeal = an_appeal(contest.light)
    codes = contest.refused(appeal, by=far_and_wide["desk_head"], at=ASKED_AT, seen_by=TIMERS)
    assert codes & {"appeal.not_your_unit", "appeal.nothing_to_contest"}
    with pytest.raises(CaseNotFound):
        contest.take(appeal, by=far_and_wide["desk_head"], at=ASKED_AT)


def hand_on(contest: Contest, to: dict[str, Any], *, at: datetime) -> None:
    assign = Assign(unit=UnitId(to["desk"]), handler=to["desk_mediator"].account)
    coordinator = contest.world.actor("coordinator")
    # The desk was added after the coordinator's own reach had been read.
    contest.take(assign, by=replace(coordinator, units=coordinator.units | {UnitId(to["desk"])}), at=at)


def test_a_unit_appeals_after_the_case_has_moved_on(contest: Contest, far_and_wide: dict[str, Any]) -> None:
    hand_on(contest, far_and_wide, at=local("2026-03-06 10:00"))
    appeal, head = an_appeal(contest.light), contest.world.actor("supervisor")
    with pytest.raises(CaseNotFound):  # the case itself is within its reach no longer
        contest.take(appeal, by=head, at=ASKED_AT)
    assert contest.refused(appeal, by=far_and_wide["desk_head"], at=ASKED_AT)
    contest.take(appeal, by=head, at=ASKED_AT, seen_by=TIMERS)
    (row,) = contest.world.rows("SELECT unit, asked_by, stage FROM waiver")
    assert row == {"unit": contest.world.stage.units["room"], "asked_by": head.account, "stage": "appeal"}
    contest.take(a_decision(contest.last_waiver(), "upheld"), by=far_and_wide["assessor_2"], at=DECIDED_AT)
    assert contest.total() == "100.00"


def test_handed_on_in_the_very_instant_the_light_is_contested_by_the_unit_that_it_is_counted_against(
    world: World, far_and_wide: dict[str, Any]
) -> None:
    contest = Contest(world, an_order(world))
    hand_on(contest, far_and_wide, at=LIT_AT)
    assert f'"unit":{world.stage.units["room"]}' in contest.crossings()[0]["data"]
    assert contest.total() == "99.50"
    contest.take(an_appeal(contest.light), by=world.actor("supervisor"), at=ASKED_AT, seen_by=TIMERS)


# -- once, and only while the year is open ----------------------------------------------------------------------------


def test_a_light_is_contested_once(contest: Contest) -> None:
    contest.appeal()
    head = contest.world.actor("supervisor")
    waiting = contest.refused(an_appeal(contest.light), by=head, at=DECIDED_AT)
    assert waiting & {"appeal.asked_already", "appeal.nothing_to_contest"}
    contest.decide("rejected")
    decided = contest.refused(an_appeal(contest.light), by=head, at=DECIDED_AT)
    assert decided & {"appeal.asked_already", "appeal.nothing_to_contest"}


def test_a_light_that_is_waived_already_is_not_contested(contest: Contest) -> None:
    contest.appeal()
    contest.decide("upheld")
    codes = contest.refused(an_appeal(contest.light), by=contest.world.actor("supervisor"), at=DECIDED_AT)
    assert codes & {"appeal.waived_already", "appeal.nothing_to_contest"}


def test_a_light_that_an_extension_waived_is_not_contested(contest: Contest) -> None:
    light, world = contest.light, contest.world
    contest.take(RequestExtension(to_length=15, reason="等"), by=world.actor("mediator"), at=ASKED_AT)
    contest.take(GrantExtension(to_length=15, person_told=True), by=world.actor("supervisor"), at=ASKED_AT)
    codes = contest.refused(an_appeal(light), by=world.actor("supervisor"), at=DECIDED_AT)
    assert codes & {"appeal.waived_already", "appeal.nothing_to_contest"}


def test_with_another_light_to_contest_the_reason_names_what_is_wrong_with_this_one(contest: Contest) -> None:
    world, head = contest.world, contest.world.actor("supervisor")
    contest.appeal()
    sweep(world.engine, now=local("2026-03-10 00:00"))  # red lights too, and can be contested
    at = local("2026-03-10 10:00")
    assert contest.refused(an_appeal(contest.light), by=head, at=at) == {"appeal.asked_already"}
    contest.decide("upheld", at=at)
    assert contest.refused(an_appeal(contest.light), by=head, at=at) == {"appeal.waived_already"}
    contest.take(an_appeal(contest.light.replace("yellow", "red")), by=head, at=local("2026-03-17 23:59"))


def test_nothing_of_a_year_that_is_closed_is_contested_or_asked_again(contest: Contest) -> None:
    head = contest.world.actor("supervisor")
    contest.appeal()
    contest.decide("rejected")
    with transaction(contest.world.engine) as connection:
        connection.execute(insert(YearClose).values(A_CLOSED_YEAR))
    codes = contest.refused(an_appeal(contest.light.replace("yellow", "red")), by=head, at=ASKED_AT)
    assert codes & {"appeal.year_is_closed", "appeal.no_such_light"}
    assert contest.refused(asking_again(contest.last_waiver()), by=head, at=DECIDED_AT) == {"appeal.year_is_closed"}


# -- who decides ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["mediator", "supervisor", "clerk", "coordinator", "duty_leader", "upstream"])
def test_nobody_but_an_assessor_decides(contest: Contest, name: str) -> None:
    decision = a_decision(contest.appeal(), "upheld")
    assert contest.refused(decision, by=contest.world.actor(name), at=DECIDED_AT, seen_by=TIMERS)


@pytest.mark.parametrize("name", ["clerk", "coordinator", "mediator", "supervisor"])
def test_whoever_took_a_step_in_the_case_or_held_it_never_decides_about_its_points(contest: Contest, name: str) -> None:
    """The same person in the seat of an assessor: clerk and coordinator acted, the mediator held it, the head appealed."""
    decision = a_decision(contest.appeal(), "upheld")
    seat = contest.world.actor("assessor")
    same_person = replace(seat, account=contest.world.actor(name).account)
    assert contest.refused(decision, by=same_person, at=DECIDED_AT) == {"waiver.you_are_part_of_it"}


def test_whoever_mediates_in_the_case_never_decides_about_its_points(world: World) -> None:
    # MED-01: three working days from Monday 2 March; the third, Thursday 5 March, begins yellow.
    case = world.open("mediation").case_id
    contest = Contest(world, case)
    (party,) = world.parties(case)[1:]
    at = local("2026-03-05 09:00")
    world.take(case, RecordConsent(party=party, answer="given"), by="clerk", at=at)
    world.take(case, Accept(), by="clerk", at=at)
    chief, other = (AccountId(world.account(name)) for name in ("mediator", "mediator_2"))
    world.take(case, AppointMediators(chief=chief, others=(other,)), by="coordinator", at=at)
    (number,) = world.column("SELECT number FROM clock WHERE case_id = :id AND name = 'intake'", id=case)
    contest.take(an_appeal(f"{number}:yellow"), by=world.actor("duty_leader"), at=at, seen_by=TIMERS)
    decision = a_decision(contest.last_waiver(), "upheld")
    for name in ("mediator", "mediator_2"):
        same_person = replace(world.actor("assessor"), account=world.actor(name).account)
        assert contest.refused(decision, by=same_person, at=at) == {"waiver.you_are_part_of_it"}
    contest.take(decision, by=world.actor("assessor"), at=at)


def test_a_decision_is_made_once(contest: Contest) -> None:
    waiver = contest.appeal()
    contest.decide("rejected")
    again = contest.refused(a_decision(waiver, "upheld"), by=contest.world.actor("assessor"), at=DECIDED_AT)
    assert again & {"waiver.decided_already", "waiver.nothing_proposed"}


# -- the one further request ------------------------------------------------------------------------------------------


def test_a_rejected_appeal_is_renewed_once_and_decided_by_another(
    contest: Contest, far_and_wide: dict[str, Any]
) -> None:
    head, first, second = contest.world.actor("supervisor"), contest.world.actor("assessor"), far_and_wide["assessor_2"]
    appeal = contest.appeal()
    early = contest.refused(asking_again(appeal), by=head, at=DECIDED_AT)
    assert early == {"appeal.nothing_rejected"}
    contest.decide("rejected")
    long_after = local("2026-09-01 09:00")  # before the year is closed there is no other limit
    contest.take(asking_again(appeal), by=head, at=long_after)
    further = contest.last_waiver()
    assert contest.refused(a_decision(further, "upheld"), by=first, at=long_after) == {"waiver.you_rejected_it"}
    contest.take(a_decision(further, "rejected"), by=second, at=long_after)
    assert contest.refused(asking_again(appeal), by=head, at=long_after) == {"appeal.nothing_rejected"}
    assert contest.refused(asking_again(further), by=head, at=long_after) == {"appeal.nothing_rejected"}
    assert contest.world.ledger_agrees()


def test_a_further_request_that_is_upheld_waives_the_light(contest: Contest, far_and_wide: dict[str, Any]) -> None:
    contest.appeal()
    contest.decide("rejected")
    before = contest.crossings()
    contest.take(asking_again(contest.last_waiver()), by=contest.world.actor("supervisor"), at=DECIDED_AT)
    contest.take(a_decision(contest.last_waiver(), "upheld"), by=far_and_wide["assessor_2"], at=DECIDED_AT)
    assert contest.total() == "100.00"
    assert contest.crossings()[: len(before)] == before
    stages = contest.world.column("SELECT stage FROM waiver ORDER BY number")
    assert Counter(stages) == {"appeal": 1, "further": 1}  # nothing is overwritten


def test_another_unit_does_not_renew_an_appeal(contest: Contest, far_and_wide: dict[str, Any]) -> None:
    contest.appeal()
    contest.decide("rejected")
    again = asking_again(contest.last_waiver())
    assert contest.refused(again, by=far_and_wide["desk_head"], at=DECIDED_AT, seen_by=TIMERS)


# -- a light known only long after it lit -----------------------------------------------------------------------------


def test_a_light_that_was_over_before_the_case_was_registered_can_still_be_contested(world: World) -> None:
    # Received on 2 March, registered on the 20th: yellow as of the 6th, red as of the 10th, known on the 20th.
    intake = Register(title="路灯", statement="坏了", applicant="王某", received_at=local("2026-03-02 09:00"))
    at = local("2026-03-20 09:00")
    contest = Contest(world, world.open("hotline", at=at, command=intake).case_id)
    sweep(world.engine, now=at)
    contest.take(an_appeal(contest.light.replace("yellow", "red")), by=world.actor("duty_leader"), at=at)
