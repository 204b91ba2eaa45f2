"""Guards, checks and writers that both procedures share: opening a case, extensions, pauses, rating, handing over.

A guard looks at the situation alone, so that a page can say why a step is closed; a check looks at what was asked. Both
give a reason or nothing. What only one procedure needs stands beside its table.
"""

from datetime import datetime, timedelta
from typing import Any

from workflow.clocks import paused_until
from workflow.commands import Intake
from workflow.definition import Check, Draft, Guard, Notes, Situation, Start, When
from workflow.model import Clock, Consent, Party, Reason, RecordNumber, Side, Unit
from workflow.policy_rules import LONGEST, Extension, Rule
from workflow.procedures.every_case.commands import Lengthening, Pausing, Refuse, Suspend

LONGEST_DAYS = LONGEST[Unit.DAY]
UNSTATED_EXTENSION = 2


# -- opening ----------------------------------------------------------------------------------------------------------


def received_at(situation: Situation, command: Intake) -> datetime:
    """When the matter came in: the instant entered for a late registration, else now."""
    return command.received_at or situation.now


def on_receipt(name: str, *, usual: bool = True, when: When | None = None) -> Start:
    """A clock that starts when the matter came in."""
    return Start(name, at=received_at, on_receipt=True, event="receipt", usual=usual, when=when)


def not_received_in_the_future(situation: Situation, command: Intake) -> Reason | None:
    if command.received_at and command.received_at > situation.now:
        return Reason(code="received_at.in_the_future", field="received_at")
    return None


def not_received_in_another_age(situation: Situation, command: Intake) -> Reason | None:
    """A slip of the year would start clocks that have been red for decades."""
    if command.received_at and command.received_at < situation.now - timedelta(days=366):
        return Reason(code="received_at.more_than_a_year_ago", field="received_at")
    return None


def open_case(situation: Situation, command: Intake, draft: Draft) -> None:
    """Parties, and custody with the unit that took the matter in, from the moment it came in."""
    unit = situation.actor.unit
    assert unit is not None, "intake always happens at a unit"
    names = [*draft.texts["applicant"], *draft.texts.get("more_applicants", ())]
    for position, name in enumerate(names):
        contact = draft.optional_text("applicant_contact") if position == 0 else None
        draft.new.append(new_party(draft, Side.APPLICANT, name, contact))
    for name in draft.texts.get("respondents", ()):
        draft.new.append(new_party(draft, Side.RESPONDENT, name, None))
    draft.hand_over(situation.facts, unit=unit, person=None, at=received_at(situation, command))


def new_party(draft: Draft, side: Side, name: RecordNumber, contact: RecordNumber | None) -> Party:
    """Whoever applies has consented by applying; the other side is asked."""
    consent = Consent.GIVEN if side is Side.APPLICANT else Consent.PENDING
    return Party(number=draft.number(), side=side, name=name, contact=contact, consent=consent)


# -- consent ----------------------------------------------------------------------------------------------------------


def every_party_in(field: str) -> Check:
    """The named field must list every party of the case: what needs all of them is not done with some of them."""

    def check(situation: Situation, command: Any) -> Reason | None:
        missing = {party.number for party in situation.facts.parties} - set(getattr(command, field))
        return (
            Reason(code=f"{field}.not_every_party", field=field, values={"missing": len(missing)}) if missing else None
        )

    return check


def confirmed(field: str) -> Check:
    """A hard rule that the person confirms by ticking it."""

    def check(_situation: Situation, command: Any) -> Reason | None:
        return None if getattr(command, field) else Reason(code=f"{field}.must_be_confirmed", field=field)

    return check


# -- people -----------------------------------------------------------------------------------------------------------


def may_serve(field: str) -> Check:
    """Everybody the field names is on the roster: an open account of a mediator who is not recused."""

    def check(situation: Situation, command: Any) -> Reason | None:
        named = getattr(command, field)
        known = all(person in situation.people for person in (named if isinstance(named, tuple) else (named,)))
        return None if known else Reason(code="person.not_on_roster", field=field)

    return check


# -- clocks -----------------------------------------------------------------------------------------------------------


def runs(name: str) -> Guard:
    """A named clock runs: the profile has it and it has not been met."""

    def guard(situation: Situation) -> Reason | None:
        return None if situation.facts.running(name) else Reason(code="clock.does_not_run", values={"clock": name})

    return guard


# -- extension --------------------------------------------------------------------------------------------------------


def extendable_clock(situation: Situation, names: tuple[str, ...]) -> Clock | None:
    """The first of these clocks that runs."""
    running = (situation.facts.running(name) for name in names)
    return next((clock for clock in running if clock), None)


def may_be_extended_by(who: str, *names: str) -> Guard:
    """Before the due time of the first of these clocks that runs, by a rule that lets these lengthen it, and not more often
    than it allows."""

    def may_be_extended(situation: Situation) -> Reason | None:
        clock = extendable_clock(situation, names)
        rule = situation.policy.rule_of(clock).extension if clock else None
        if clock is None or rule is None or rule.by != who:
            return Reason(code="extension.not_allowed_by_rule")
        if situation.now < clock.started_at:
            return Reason(code="extension.too_early")
        if situation.now >= clock.due_at:
            return Reason(code="extension.too_late")
        granted = sum(1 for c in situation.facts.clocks if c.name == clock.name and c.outcome == "extended")
        if rule.times is not None and granted >= rule.times:
            return Reason(code="extension.used_up", values={"times": rule.times})
        return None

    return may_be_extended


def longer_within_the_rule(*names: str) -> Check:
    """The first of these clocks that runs becomes longer, and not longer than its rule allows."""

    def is_longer(situation: Situation, command: Lengthening) -> Reason | None:
        clock = extendable_clock(situation, names)
        rule: Extension | None = situation.policy.rule_of(clock).extension if clock else None
        if clock is None or rule is None:
            return None  # the guard has said so already
        if command.to_length <= clock.length:
            return Reason(
                code="to_length.not_longer",
                field="to_length",
                values={"length": clock.length, "unit": clock.unit.value},
            )
        longest = longest_extension(situation.policy.rule_of(clock))
        if command.to_length > longest:
            return Reason(
                code="to_length.beyond_rule", field="to_length", values={"max": longest, "unit": clock.unit.value}
            )
        return None

    return is_longer


def note_lengths(*names: str) -> Notes:
    """The length and the unit that an extension starts from, and how far it may go."""

    def lengths(situation: Situation) -> tuple[Reason, ...]:
        clock = extendable_clock(situation, names)
        if clock is None:
            return ()
        rule = situation.policy.rule_of(clock)
        source = (rule.extension and rule.extension.source) or rule.source
        figures = {"length": clock.length, "max": longest_extension(rule), "unit": clock.unit.value, "source": source}
        return (Reason(code="to_length.now", values=figures),)

    return lengths


def longest_extension(rule: Rule) -> int:
    """The longest total length, in the rule's unit, that an extension may lead to; where the rule names none, as in
    policies that were published before every rule did, twice its own length."""
    named = rule.extension.max_length if rule.extension else None
    return min(named or UNSTATED_EXTENSION * rule.length, LONGEST[rule.unit])


# -- pause ------------------------------------------------------------------------------------------------------------


def not_paused(situation: Situation) -> Reason | None:
    return Reason(code="pause.resume_first") if _is_paused(situation) else None


def paused(situation: Situation) -> Reason | None:
    return None if _is_paused(situation) else Reason(code="pause.not_paused")


def _is_paused(situation: Situation) -> bool:
    return any(paused_until(clock, at=situation.now) for clock in situation.facts.clocks)


def pause_grounds(situation: Situation) -> tuple[str, ...]:
    """The grounds on which a clock that runs here may be paused."""
    found = (situation.policy.rule_of(clock).pause for clock in pausable(situation))
    return tuple(dict.fromkeys(ground for pause in found if pause for ground in pause.grounds))


def pausable(situation: Situation, *, ground: str | None = None) -> tuple[Clock, ...]:
    """The clocks that may be paused now, on that ground if one is named: begun, not yet due, and by a rule that says so."""
    return tuple(
        clock
        for clock in situation.facts.clocks
        if clock.stopped_at is None
        and clock.started_at <= situation.now < clock.due_at
        and (rule := situation.policy.rule_of(clock).pause)
        and (ground is None or ground in rule.grounds)
    )


def may_be_paused(situation: Situation) -> Reason | None:
    if pause_grounds(situation):
        return None
    facts, policy = situation.facts, situation.policy
    allowed = any(policy.rule_of(one).pause and one.due_at <= situation.now for one in facts.clocks_running)
    return Reason(code="pause.too_late") if allowed else Reason(code="pause.not_allowed_by_rule")


def needs_approval(situation: Situation, command: Pausing) -> bool:
    """Whether a supervisor decides on that ground, because it lies in nobody's hand (济南市 12345 条例 §24)."""
    paused_by = (situation.policy.rule_of(clock).pause for clock in pausable(situation, ground=command.ground))
    return any(command.ground in rule.approval for rule in paused_by if rule)


def pause_as_the_rule_allows(situation: Situation, command: Pausing) -> Reason | None:
    """A ground that the rule knows, an end in the future and not further than the rule allows, consent if it asks for it."""
    if command.ground not in pause_grounds(situation):
        return Reason(code="ground.not_in_rule", field="ground")
    today = situation.policy.calendar.local_day(situation.now)
    if command.until <= today:
        return Reason(code="until.not_in_the_future", field="until")
    paused_by = (situation.policy.rule_of(clock).pause for clock in pausable(situation, ground=command.ground))
    rules = [rule for rule in paused_by if rule]
    longest = min(rule.max_days for rule in rules)
    if (command.until - today).days > longest:
        return Reason(code="until.beyond_rule", field="until", values={"max_days": longest})
    if isinstance(command, Suspend) and any(rule.needs_consent for rule in rules):
        return every_party_in("consenting")(situation, command)
    return None


def that_can_go_on(clocks: tuple[Clock, ...], names: tuple[str, ...]) -> Clock | None:
    """The last clock of these names: what a reopened matter is counted by."""
    return next((clock for clock in reversed(clocks) if clock.name in names and clock.stopped_at is not None), None)


def a_clock_can_go_on(*names: str) -> Guard:
    def can_go_on(situation: Situation) -> Reason | None:
        found = that_can_go_on(situation.facts.clocks, names)
        return None if found else Reason(code="reopen.no_clock")

    return can_go_on


# -- the end ----------------------------------------------------------------------------------------------------------


def note_refusal(_situation: Situation, command: Refuse, draft: Draft) -> None:
    draft.outcome = f"not_accepted.{command.ground}"
