"""Agreements: what makes one hold, when it takes effect, what a court confirms; and one that was entered wrongly."""

from collections.abc import Callable
from dataclasses import replace
from datetime import date, datetime
from functools import wraps

from workflow.counting import A_MOMENT
from workflow.definition import Check, Draft, Situation
from workflow.model import Reason
from workflow.procedures.every_case import rules
from workflow.procedures.mediation.commands import (
    Agreed,
    ApplyForConfirmation,
    CorrectAgreement,
    SettleInPart,
)
from workflow.procedures.mediation.records import Agreement
from workflow.procedures.mediation.rules import SETTLED_LATE, is_over
from workflow.spelling import as_json

#: What a court does not confirm: status, title to property or to intellectual property, what has a procedure of its own
#: (民诉法解释 §355).
NOT_CONFIRMED = frozenset({"status", "property_title", "ip_title", "special_procedure"})
#: Labour disputes need a written agreement (劳动争议调解仲裁法 §14).
WRITTEN_ONLY_TYPES = frozenset({"19"})


def written_agreement_is_complete(_situation: Situation, command: Agreed) -> Reason | None:
    """A written agreement takes effect when all parties and the mediator have signed and the seal is on it (§29)."""
    if command.form == "written" and not command.mediator_signed:
        return Reason(code="mediator_signed.missing", field="mediator_signed")
    return None


def written_agreement_is_sealed(_situation: Situation, command: Agreed) -> Reason | None:
    if command.form == "written" and not command.sealed:
        return Reason(code="sealed.missing", field="sealed")
    return None


def signed_by_every_party(situation: Situation, command: Agreed) -> Reason | None:
    """Nobody signs an oral agreement: it takes effect when it is reached (§30)."""
    return rules.every_party_in("signed_by")(situation, command) if command.form == "written" else None


def oral_only_where_allowed(situation: Situation, command: Agreed) -> Reason | None:
    """Oral where the parties think that no writing is needed (§28): performed at once, simple, and no labour dispute."""
    if command.form == "written":
        return None
    if situation.facts.dispute_type in WRITTEN_ONLY_TYPES:
        return Reason(code="form.must_be_written", field="form")
    if command.performance_due_on != signed_on(situation, command):
        return Reason(code="form.oral_is_performed_at_once", field="form")
    if not command.writing_not_needed:
        return Reason(code="writing_not_needed.must_be_confirmed", field="writing_not_needed")
    return None


def signed_on(situation: Situation, command: Agreed) -> date:
    """The local day on which the agreement takes effect: that of the last signature (§29)."""
    return command.signed_on or situation.policy.calendar.local_day(situation.now)


def takes_effect_at(situation: Situation, command: Agreed) -> datetime:
    """Now, or the end of the earlier day that is entered."""
    calendar, day = situation.policy.calendar, signed_on(situation, command)
    return min(situation.now, calendar.end_of(day) - A_MOMENT)


def signed_while_mediated(situation: Situation, command: Agreed) -> Reason | None:
    calendar, day = situation.policy.calendar, signed_on(situation, command)
    if day > calendar.local_day(situation.now):
        return Reason(code="signed_on.in_the_future", field="signed_on")
    first = min(calendar.local_day(appointed.from_at) for appointed in situation.facts.appointments)
    if day < first:
        return Reason(code="signed_on.before_mediation", field="signed_on", values={"first": first.isoformat()})
    return None


def performance_in_reach(situation: Situation, command: Agreed) -> Reason | None:
    ahead = (command.performance_due_on - signed_on(situation, command)).days
    if ahead < 0:
        return Reason(code="performance_due_on.in_the_past", field="performance_due_on")
    if ahead > rules.LONGEST_DAYS:
        return Reason(code="performance_due_on.too_far", field="performance_due_on")
    return None


def record_agreement(situation: Situation, command: Agreed, draft: Draft) -> None:
    partial = isinstance(command, SettleInPart)
    agreement = Agreement(
        number=draft.number(),
        form=command.form,
        partial=partial,
        terms=draft.text("terms"),
        amount_yuan=command.amount_yuan,
        effective_at=takes_effect_at(situation, command),
        performance_due_on=command.performance_due_on,
    )
    draft.new.append(agreement)
    draft.outcome = f"settled.{'in_part' if partial else command.form}"
    if not partial and is_over(situation, "period"):
        draft.reached.add(SETTLED_LATE)


def performance_falls_due(situation: Situation, command: Agreed) -> datetime:
    return situation.policy.calendar.start_of(command.performance_due_on)


def a_court_confirms_it(_situation: Situation, command: ApplyForConfirmation) -> Reason | None:
    if command.subject in NOT_CONFIRMED:
        return Reason(code=f"confirmation.not_for_{command.subject}", field="subject")
    return None


def confirmation_window_is_open(situation: Situation) -> Reason | None:
    clock = situation.facts.running("confirmation")
    if clock is None or situation.now >= clock.due_at:
        return Reason(code="confirmation.window_over")
    return None


# -- entered wrongly ---------------------------------------------------------------------------------------------------


def something_was_agreed(situation: Situation) -> Reason | None:
    agreed = (situation.facts.outcome or "").startswith("settled.")
    return None if agreed else Reason(code="correct_agreement.none")


def _agreed(check: Callable[[Situation, CorrectAgreement, Agreement], Reason | None]) -> Check:
    """A check of the last agreement; where there is none, a guard says so."""

    @wraps(check)
    def checked(situation: Situation, command: CorrectAgreement) -> Reason | None:
        known = situation.facts.of(Agreement)
        return check(situation, command, known[-1]) if known else None

    return checked


def _last_agreement(situation: Situation) -> Agreement:
    return situation.facts.of(Agreement)[-1]


@_agreed
def agreement_reads_otherwise(_situation: Situation, command: CorrectAgreement, known: Agreement) -> Reason | None:
    given = {"amount_yuan": command.amount_yuan, "performance_due_on": command.performance_due_on}
    said = {name: value for name, value in given.items() if value is not None}
    if command.terms is None and not said:
        return Reason(code="correct_agreement.nothing")
    same = command.terms is None and all(getattr(known, name) == value for name, value in said.items())
    return Reason(code="correct_agreement.same") if same else None


@_agreed
def agreement_may_still_be_corrected(
    situation: Situation, _command: CorrectAgreement, known: Agreement
) -> Reason | None:
    """What a closed year has counted stays."""
    year = situation.policy.calendar.local_day(known.effective_at).year
    closed = year in situation.closed_years
    return Reason(code="correct_agreement.year_is_closed", values={"year": year}) if closed else None


@_agreed
def corrected_day_is_one(situation: Situation, command: CorrectAgreement, known: Agreement) -> Reason | None:
    """The day of performance: not before the agreement, and not once its time limit has lit or ended."""
    if command.performance_due_on in (None, known.performance_due_on):
        return None
    ahead = (command.performance_due_on - situation.policy.calendar.local_day(known.effective_at)).days
    if ahead < 0:
        return Reason(code="performance_due_on.in_the_past", field="performance_due_on")
    if ahead > rules.LONGEST_DAYS:
        return Reason(code="performance_due_on.too_far", field="performance_due_on")
    if known.form == "oral":
        return Reason(code="form.oral_is_performed_at_once", field="performance_due_on")
    clock = situation.facts.running("follow_up")
    counted = not known.partial and (clock is None or clock.crossed_until is not None)
    return Reason(code="correct_agreement.day_has_counted", field="performance_due_on") if counted else None


def day_was_wrong(situation: Situation, command: CorrectAgreement) -> bool:
    known = _last_agreement(situation)
    return not known.partial and command.performance_due_on not in (None, known.performance_due_on)


def right_day(situation: Situation, command: CorrectAgreement) -> datetime:
    assert command.performance_due_on is not None, "asked where the day was wrong"
    return situation.policy.calendar.start_of(command.performance_due_on)


def correct_agreement(situation: Situation, command: CorrectAgreement, draft: Draft) -> None:
    """The new words are written already; the event says what was before."""
    known, terms = _last_agreement(situation), draft.optional_text("terms")
    given = {"amount_yuan": command.amount_yuan, "performance_due_on": command.performance_due_on, "terms": terms}
    right = {name: value for name, value in given.items() if value not in (None, getattr(known, name))}
    draft.changed.append(replace(known, **right))  # type: ignore[arg-type]  # each under its own name
    draft.data["before"] = {name: as_json(getattr(known, name)) for name in right}
