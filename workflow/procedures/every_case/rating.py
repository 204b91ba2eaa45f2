"""评价 and 回访: the person says how it was, and whoever is dissatisfied is asked why by somebody who did not handle the matter.

Dissatisfaction itself counts against nobody. What is owed is the asking: by a day of its own, by a head or a coordinator, who tells
the person what has come of it or has the matter taken up again. Until then it is not closed. Whoever is dissatisfied with what was
taken up again is asked by a head, and the leader on duty is told.

Source: 信访工作条例 §21 二款 (the person rates); the second asking under supervision, as hotline regulations have it.
"""

from workflow.clocks import About
from workflow.definition import Draft, Situation, Start, Step, Stop, always_first
from workflow.model import Audience, Charge, Reason, Relation, Role, State
from workflow.policy_rules import Rule
from workflow.procedures.every_case.commands import Rate, Revisit
from workflow.records import Rating

#: The limit by which somebody has asked a person who is dissatisfied.
REVISIT = "revisit"
#: The milestones of a matter that was rated; whose petitioner is dissatisfied, until they were asked; that was taken up again.
RATED, DISSATISFIED, REOPENED = "rated", "dissatisfied", "reopened"
#: What is over once a matter is taken up again: it can be rated anew.
RATED_BEFORE = frozenset({RATED, DISSATISFIED})
WHO_ASKS = ((Role.SUPERVISOR, Relation.ABOVE), (Role.COORDINATOR, Relation.ABOVE))


def rating_steps(*, answered: tuple[State, ...]) -> tuple[Step, ...]:
    """The steps. In `answered` a matter can be rated."""
    return (
        Step(
            command=Rate, event="case:rated", sources=answered, target=None, allowed=((Role.PETITIONER, Relation.BY_CODE),),
            guards=(not_rated_yet,), writes=record_rating, clocks=(Start(REVISIT, about=the_rating, when=is_to_be_asked),),
            tells_if=((is_to_be_asked, Audience.UNIT_HEAD), (is_to_be_asked_again, Audience.DUTY_LEADER)), reaches=RATED,
        ),
        Step(
            command=Revisit, event="case:revisited", sources=answered, target=None, allowed=WHO_ASKS,
            guards=(somebody_is_dissatisfied, asks_about_others, a_head_asks_again), clocks=(Stop(REVISIT),),
            tells=(Audience.HOLDER,), forgets=frozenset({DISSATISFIED}), quiet=True, first_when=always_first,
        ),
    )  # fmt: skip


# -- guards -----------------------------------------------------------------------------------------------------------


def not_rated_yet(situation: Situation) -> Reason | None:
    return Reason(code="rating.given_already") if RATED in situation.facts.milestones else None


def somebody_is_dissatisfied(situation: Situation) -> Reason | None:
    dissatisfied = DISSATISFIED in situation.facts.milestones
    return None if dissatisfied else Reason(code="revisit.nobody_waits")


def asks_about_others(situation: Situation) -> Reason | None:
    """Nobody asks what was wrong with their own work."""
    own = situation.actor.accounts & situation.facts.in_hand_of
    return Reason(code="revisit.your_own_matter") if own else None


def a_head_asks_again(situation: Situation) -> Reason | None:
    again = {DISSATISFIED, REOPENED} <= situation.facts.milestones
    return Reason(code="revisit.by_a_head") if again and situation.actor.role is not Role.SUPERVISOR else None


def whoever_is_dissatisfied_was_asked(situation: Situation) -> Reason | None:
    """Of a step that closes a matter."""
    return None if somebody_is_dissatisfied(situation) else Reason(code="revisit.comes_first")


# -- writers ----------------------------------------------------------------------------------------------------------


def record_rating(situation: Situation, command: Rate, draft: Draft) -> None:
    draft.new.append(
        Rating(number=draft.number(), score=command.score, comment=draft.optional_text("comment"), rated_at=situation.now)
    )  # fmt: skip
    if is_to_be_asked(situation, command):
        draft.reached.add(DISSATISFIED)


def is_to_be_asked(situation: Situation, command: Rate) -> bool:
    """Under rules of an office that are older than this nobody is."""
    return command.score == "dissatisfied" and _rule(situation) is not None


def is_to_be_asked_again(situation: Situation, command: Rate) -> bool:
    return is_to_be_asked(situation, command) and REOPENED in situation.facts.milestones


def the_rating(situation: Situation, _command: Rate, draft: Draft) -> About:
    """The asking is owed by the unit, and not by whoever was rated."""
    rating = next(one for one in draft.new if isinstance(one, Rating))
    rule, unit = _rule(situation), situation.facts.holder_unit
    assert rule is not None, "asked before: there is a limit for it"
    assert unit is not None, "a matter that was answered is held"
    return About(record=rating.number, charge=Charge(unit, None), length=rule.length)


def _rule(situation: Situation) -> Rule | None:
    """The limit, from the day on which it is in force: the office could not have kept it before."""
    today = situation.policy.calendar.local_day(situation.now)
    rule = situation.policy.rule(REVISIT, on=today)
    return rule if rule and rule.effective_from <= today else None
