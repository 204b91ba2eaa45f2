"""What people answer to a light, in every procedure: 知悉; the appeal of the unit that it is counted against; the decision
whether it counts.

Acknowledging stops the reminders of the light that is shown; the next light tells everyone again. A waiver never removes
a light from the ledger. Who appeals, who decides and by when: docs/decisions/0013-assessment.md.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import date

from workflow.calendar import WorkCalendar
from workflow.clocks import is_crossed, light, waits_for_word
from workflow.counted_lights import waived
from workflow.definition import AcknowledgeAll, Draft, Situation, Step, always_first
from workflow.model import (
    Audience,
    Clock,
    Custody,
    Json,
    Kind,
    Light,
    Reason,
    RecordNumber,
    Relation,
    Role,
    Rung,
    State,
    UnitId,
)
from workflow.procedures.every_case.commands import Acknowledge, AppealLight, AskAgain, DecideWaiver, ExplainLateness
from workflow.records import HAS_WAIVERS, Waiver

APPEAL, FURTHER = "appeal", "further"


def a_light_waits_for_word(situation: Situation) -> Reason | None:
    """Something is lit and nobody has said yet that it is in hand."""
    facts = situation.facts
    mine = (clock for clock in facts.clocks if facts.is_charged_to(situation.actor, clock))
    if any(waits_for_word(clock, at=situation.now) for clock in mine):
        return None
    return Reason(code="acknowledge.nothing_lit")


#: Those who were asked for something about the matter answer for the limit of that.
ASKED = tuple(
    (role, Relation.ASKED) for role in (Role.MEDIATOR, Role.COORDINATOR, Role.CLERK, Role.SUPERVISOR)
)  # fmt: skip
#: Within so many working days after the day of a red light its written explanation is owed (通知对象表: 书面说明).
EXPLAIN_WORKING_DAYS = 2


def unexplained(situation: Situation) -> tuple[Clock, ...]:
    """The duties of whoever asks that run, are red, and wait for their written explanation."""
    facts, now = situation.facts, situation.now
    return tuple(
        clock
        for clock in facts.clocks_running
        if light(clock, at=now) is Light.RED
        and _explained(clock) not in facts.milestones
        and facts.is_charged_to(situation.actor, clock)
    )


def explanation_due_on(clock: Clock, calendar: WorkCalendar) -> date | None:
    """The last local day for the written explanation of a clock's red light; None for a clock without one."""
    lit = next((rung.at for rung in clock.rungs if rung.light is Light.RED), None)
    return calendar.nth_working_day_after(calendar.local_day(lit), EXPLAIN_WORKING_DAYS) if lit else None


def explanation_owed_by(situation: Situation) -> tuple[Reason, ...]:
    """Until when the first of the explanations is owed."""
    days = (explanation_due_on(clock, situation.policy.calendar) for clock in unexplained(situation))
    return tuple(Reason(code="explanation.due", values={"last": day.isoformat()}) for day in days if day)[:1]


def _explained(clock: Clock) -> str:
    return f"explained.{clock.number}"


def an_explanation_is_owed(situation: Situation) -> Reason | None:
    return None if unexplained(situation) else Reason(code="explanation.nothing_red")


def note_explained(situation: Situation, _command: ExplainLateness, draft: Draft) -> None:
    """One explanation answers for everything that is red now; the record says of each whether it came in time."""
    calendar = situation.policy.calendar
    today = calendar.local_day(situation.now)
    owed = unexplained(situation)
    draft.reached.update(_explained(clock) for clock in owed)
    draft.data["explained"] = [
        {"clock": clock.number, "in_time": bool(last and today <= last)}
        for clock in owed
        for last in (explanation_due_on(clock, calendar),)
    ]


def light_steps(
    told: tuple[tuple[Role, Relation], ...], *, until_closed: tuple[State, ...], ended: tuple[State, ...]
) -> tuple[Step, ...]:
    """The steps: whoever is told of a light says that it is in hand; the unit that it is counted against appeals; an
    assessor decides. Whether a head of a unit may appeal depends on the light, so that the check says it."""
    always = (*until_closed, *ended)
    told = (*told, *ASKED)
    acknowledge = Step(
        command=Acknowledge, event="clock:acknowledged", sources=until_closed, target=None, allowed=told,
        guards=(a_light_waits_for_word,), clocks=(AcknowledgeAll(),), quiet=True, answers_light=True, at_once=True,
    )  # fmt: skip
    explain = Step(
        command=ExplainLateness, event="light:explained", sources=until_closed, target=None, allowed=told,
        guards=(an_explanation_is_owed,), writes=note_explained, tells=(Audience.UNIT_HEAD,), quiet=True, answers_light=True,
        notes=explanation_owed_by,
    )  # fmt: skip
    appeal = Step(
        command=AppealLight, event="light:appealed", sources=always, target=None,
        allowed=((Role.SUPERVISOR, Relation.ANYONE),), guards=(a_light_may_be_appealed,),
        checks=(light_may_be_appealed,), writes=write_appeal, tells=(Audience.ASSESSMENT_OFFICE,), reaches=HAS_WAIVERS,
        quiet=True, answers_light=True,
    )  # fmt: skip
    again = Step(
        command=AskAgain, event="light:appealed_again", sources=always, target=None,
        allowed=((Role.SUPERVISOR, Relation.ANYONE),), guards=(an_appeal_may_be_renewed,),
        checks=(appeal_may_be_renewed,), writes=write_further_appeal, tells=(Audience.ASSESSMENT_OFFICE,), quiet=True, answers_light=True,
    )  # fmt: skip
    decide = Step(
        command=DecideWaiver, event="light:waiver_decided", sources=always, target=None,
        allowed=((Role.ASSESSOR, Relation.ABOVE),), guards=(a_waiver_waits, decider_is_outside_the_case),
        checks=(waiver_is_open, second_decider_is_another), writes=write_waiver_decision, first_when=always_first,
        tells=(Audience.HOLDER, Audience.UNIT_HEAD), quiet=True, answers_light=True,
    )  # fmt: skip
    return acknowledge, explain, appeal, again, decide


# -- which lights may be appealed against ----------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class Contestable:
    """A light that has lit, and whose it was then."""

    clock: Clock
    rung: Rung
    unit: UnitId

    @property
    def name(self) -> str:
        return f"{self.clock.number}:{self.rung.code}"


def lights_of(situation: Situation) -> Iterator[Contestable]:
    """Every light of the case that is in the ledger."""
    facts = situation.facts
    for clock in facts.clocks:
        for rung in clock.rungs:
            if clock.kind is Kind.DUTY and rung.light and is_crossed(rung, clock.crossed_until):
                unit = clock.charged_unit or _holder_of(rung, facts.custodies)
                if unit is not None:
                    yield Contestable(clock=clock, rung=rung, unit=unit)


def _holder_of(rung: Rung, custodies: tuple[Custody, ...]) -> UnitId | None:
    """As the ledger has it: a light that lights at the instant of handing over is still the giver's."""
    held = next((one for one in reversed(custodies) if one.from_at < rung.at), None)
    held = held or next(iter(custodies), None)
    return None if held is None else held.unit


def contestable(situation: Situation) -> tuple[Contestable, ...]:
    """The lights that the actor's unit may appeal against now."""
    return tuple(light for light in lights_of(situation) if _may_not_be_appealed(light, situation) is None)


def _may_not_be_appealed(light: Contestable, situation: Situation) -> Reason | None:
    """Why not: another unit's, waived or contested already, too late, or in a year that is closed."""
    if light.unit not in situation.actor.units:
        return Reason(code="appeal.not_your_unit", field="light")
    known = [w for w in situation.facts.waivers if (w.clock, w.rung) == (light.clock.number, light.rung.code)]
    clock, rung, facts = light.clock, light.rung, situation.facts
    if waived(clock, rung.code, lit_at=rung.at, waivers=facts.waivers, outcome=facts.outcome):
        return Reason(code="appeal.waived_already", field="light")
    if any(waiver.stage in (APPEAL, FURTHER) or waiver.decided_at is None for waiver in known):
        return Reason(code="appeal.asked_already", field="light")
    calendar, rule = situation.policy.calendar, situation.policy.appeal
    lit_on = calendar.local_day(light.rung.at)
    if lit_on.year in situation.closed_years:
        return Reason(code="appeal.year_is_closed", field="light", values={"year": lit_on.year})
    last = rule.last_day(situation.facts.noticed.get(light.name, light.rung.at), calendar)
    if situation.now >= calendar.end_of(last):
        said: dict[str, Json] = {"days": rule.working_days, "last": last.isoformat()}
        return Reason(code="appeal.too_late", field="light", values=said)
    return None


def a_light_may_be_appealed(situation: Situation) -> Reason | None:
    """Some light is counted against the actor's unit, and there is still time."""
    return None if contestable(situation) else Reason(code="appeal.nothing_to_contest")


def light_may_be_appealed(situation: Situation, command: AppealLight) -> Reason | None:
    light = next((one for one in lights_of(situation) if one.name == command.light), None)
    if light is None:
        return Reason(code="appeal.no_such_light", field="light")
    return _may_not_be_appealed(light, situation)


def write_appeal(situation: Situation, command: AppealLight, draft: Draft) -> None:
    light = next(one for one in lights_of(situation) if one.name == command.light)
    draft.new.append(
        Waiver(
            number=draft.number(),
            clock=light.clock.number,
            rung=light.rung.code,
            ground=command.ground,
            proposed_at=situation.now,
            stage=APPEAL,
            unit=light.unit,
            asked_by=situation.actor.account,
            evidence=draft.text("evidence"),
        )
    )


# -- the one further request -------------------------------------------------------------------------------------------


def renewable(situation: Situation) -> tuple[Waiver, ...]:
    """The rejected appeals of the actor's unit that no further request has followed."""
    waivers = situation.facts.waivers
    again = {(waiver.clock, waiver.rung) for waiver in waivers if waiver.stage == FURTHER}
    return tuple(
        waiver
        for waiver in waivers
        if waiver.stage == APPEAL
        and waiver.decision == "rejected"
        and waiver.unit in situation.actor.units
        and (waiver.clock, waiver.rung) not in again
    )


def an_appeal_may_be_renewed(situation: Situation) -> Reason | None:
    return None if renewable(situation) else Reason(code="appeal.nothing_rejected")


def appeal_may_be_renewed(situation: Situation, command: AskAgain) -> Reason | None:
    waiver = next((one for one in renewable(situation) if one.number == command.waiver), None)
    if waiver is None:
        return Reason(code="appeal.nothing_rejected", field="waiver")
    year = _year_of(waiver, situation)
    if year in situation.closed_years:
        return Reason(code="appeal.year_is_closed", field="waiver", values={"year": year})
    return None


def _year_of(waiver: Waiver, situation: Situation) -> int:
    lit = next(
        (
            one.rung.at
            for one in lights_of(situation)
            if (one.clock.number, one.rung.code) == (waiver.clock, waiver.rung)
        ),
        waiver.proposed_at,
    )
    return situation.policy.calendar.local_day(lit).year


def write_further_appeal(situation: Situation, command: AskAgain, draft: Draft) -> None:
    before = _waiver(situation, command.waiver)
    draft.new.append(
        replace(
            before,
            number=draft.number(),
            stage=FURTHER,
            proposed_at=situation.now,
            asked_by=situation.actor.account,
            evidence=draft.text("evidence"),
            decided_at=None,
            decision=None,
            decided_by=None,
        )
    )


# -- deciding ----------------------------------------------------------------------------------------------------------


def a_waiver_waits(situation: Situation) -> Reason | None:
    open_ones = [waiver for waiver in situation.facts.waivers if waiver.decided_at is None]
    return None if open_ones else Reason(code="waiver.nothing_proposed")


def decider_is_outside_the_case(situation: Situation) -> Reason | None:
    """Whoever has acted in a case, held it or mediated in it, never decides about its points."""
    if a_waiver_waits(situation):
        return None  # another guard says so
    facts = situation.facts
    inside = {*facts.authors, *(c.person for c in facts.custodies), *(a.person for a in facts.appointments)}
    return Reason(code="waiver.you_are_part_of_it") if situation.actor.accounts & inside else None


def waiver_is_open(situation: Situation, command: DecideWaiver) -> Reason | None:
    known = {waiver.number for waiver in situation.facts.waivers if waiver.decided_at is None}
    return None if command.waiver in known else Reason(code="waiver.decided_already", field="waiver")


def second_decider_is_another(situation: Situation, command: DecideWaiver) -> Reason | None:
    """A further request is not decided by whoever rejected the appeal."""
    asked = next((one for one in situation.facts.waivers if one.number == command.waiver), None)
    if asked is None or asked.stage != FURTHER:
        return None
    first = {w.decided_by for w in situation.facts.waivers if (w.clock, w.rung) == (asked.clock, asked.rung)}
    return Reason(code="waiver.you_rejected_it", field="waiver") if situation.actor.accounts & first else None


def write_waiver_decision(situation: Situation, command: DecideWaiver, draft: Draft) -> None:
    waiver = _waiver(situation, command.waiver)
    decided = replace(
        waiver, decided_at=situation.now, decision=command.decision, decided_by=situation.actor.account
    )  # fmt: skip
    draft.changed.append(decided)


def _waiver(situation: Situation, number: RecordNumber) -> Waiver:
    return next(waiver for waiver in situation.facts.waivers if waiver.number == number)
