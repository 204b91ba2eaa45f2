"""请协办 and 交办: something that another unit, or a colleague beside the holder, is asked for, by a day of its own.

The citizen's limit runs on and stays the holder's; the limit of what was asked is charged to whoever was asked, lights for
them, and never reaches beyond the citizen's. Whoever is asked sees the matter until they have answered, or it has ended.

Source: 信访工作条例 §24; 北京市接诉即办工作条例 §14 (the first receiver leads, co-handlers answer in time or explain).
"""

from collections.abc import Mapping
from dataclasses import replace

from workflow import clocks as counting
from workflow.acts import happened
from workflow.clocks import About
from workflow.counting import STEADY, count
from workflow.definition import Check, Draft, FollowTasks, Notes, Situation, Start, Step, Stop
from workflow.model import AccountId, Audience, Charge, Clock, Json, Kind, Reason, Relation, Role, State
from workflow.policy_rules import Rule
from workflow.procedures.every_case.commands import AnswerTask, AskUnit, EndTask, GiveTask
from workflow.procedures.every_case.desk import IN_HAND
from workflow.procedures.every_case.rules import extendable_clock
from workflow.procedures.every_case.taking_part import those_in_hand
from workflow.records import HAS_TASKS, Task

#: The time limit of what others were asked for.
TASK = "task"
#: Once the matter itself is overdue, whoever is asked has so many units of the rule.
WHEN_OVERDUE = 1


def task_steps(*, until_closed: tuple[State, ...], deciding: tuple[str, ...]) -> tuple[Step, ...]:
    """The steps. `deciding` are the limits of the matter itself, none of which what is asked of others may outrun."""
    limit, comes_first, note = Start(TASK, about=what_was_asked), ours_is_due_after(*deciding), note_our_day(*deciding)
    return (
        Step(
            command=AskUnit, event="task:asked", sources=until_closed, target=None, allowed=IN_HAND,
            guards=(tasks_have_a_limit,), checks=(unit_is_not_asked_yet, comes_first), writes=ask_unit,
            clocks=(limit,), tells=(Audience.ASKED,), minor=True, reaches=HAS_TASKS, notes=note, preset=usual_length,
        ),
        Step(
            command=GiveTask, event="task:given", sources=until_closed, target=None, allowed=IN_HAND,
            guards=(tasks_have_a_limit, somebody_helps), checks=(comes_first,), writes=give_task,
            clocks=(limit,), tells=(Audience.ASKED,), minor=True, reaches=HAS_TASKS, notes=note, preset=usual_length, quiet=True,
        ),
        Step(
            command=AnswerTask, event="task:answered", sources=until_closed, target=None,
            allowed=tuple((role, Relation.ASKED) for role in (Role.MEDIATOR, Role.COORDINATOR, Role.CLERK)),
            guards=(something_is_asked_of_me,), checks=(answered_after_it_was_asked,), writes=answer_task,
            clocks=(Stop(TASK, about=lambda command: command.task),), tells=(Audience.HOLDER,), quiet=True, first_when=only_asked,
            preset=the_one_task,
        ),
        Step(
            command=EndTask, event="task:ended", sources=until_closed, target=None, allowed=IN_HAND,
            guards=(something_is_asked,), writes=end_task, clocks=(FollowTasks(),), minor=True, quiet=True,
        ),
    )  # fmt: skip


def those_who_help(situation: Situation) -> list[AccountId]:
    """Whoever has to do with the matter beside its holder, and can be asked for something by name."""
    here = those_in_hand(situation)
    return [one for one in here if one in situation.people and one != situation.facts.holder_person]


# -- guards and checks ------------------------------------------------------------------------------------------------


def _rule(situation: Situation) -> Rule | None:
    policy = situation.policy
    return policy.rule(TASK, on=policy.calendar.local_day(situation.now))


def tasks_have_a_limit(situation: Situation) -> Reason | None:
    """The rules of an office that are older than these steps do not say how long others have."""
    return None if _rule(situation) else Reason(code="task.no_rule")


def somebody_helps(situation: Situation) -> Reason | None:
    facts = situation.facts
    others = facts.in_hand_of.union(one.person for one in facts.taking_part if one.person) - {facts.holder_person}
    return None if others else Reason(code="task.nobody_helps")


def unit_is_not_asked_yet(situation: Situation, command: AskUnit) -> Reason | None:
    asked = any(one.unit == command.co_unit and one.person is None for one in situation.facts.tasks_open)
    return Reason(code="task.asked_already", field="co_unit") if asked else None


def ours_is_due_after(*deciding: str) -> Check:
    """What the citizen waits for is due last. Once that is overdue the others have one day, or one minute, and no more."""

    def ours_is_last(situation: Situation, command: AskUnit | GiveTask) -> Reason | None:
        ours, rule = _ours(situation, deciding), _rule(situation)
        if ours is None or rule is None:
            return None
        if ours.due_at <= situation.now:
            late = command.length > WHEN_OVERDUE
            said: dict[str, Json] = {"length": WHEN_OVERDUE, "unit": rule.unit.value}
            return Reason(code="task.ours_is_overdue", field="length", values=said) if late else None
        policy, at = situation.policy, situation.now
        due_at, _, _ = count(
            at, command.length, rule.unit, rule.kind, rule.roll, policy.ladder_of(rule), policy.calendar
        )
        return (
            Reason(code="task.outruns_ours", field="length", values=_until(ours, situation))
            if due_at > ours.due_at
            else None
        )

    return ours_is_last


def note_our_day(*deciding: str) -> Notes:
    """Until when whoever is asked has at the longest."""

    def our_day(situation: Situation) -> tuple[Reason, ...]:
        ours, rule = _ours(situation, deciding), _rule(situation)
        if ours is None or rule is None:
            return ()
        return (Reason(code="task.ours_is_due", values={**_until(ours, situation), "one": 1, "unit": rule.unit.value}),)

    return our_day


def _ours(situation: Situation, deciding: tuple[str, ...]) -> Clock | None:
    """The limit that decides the matter, or before that runs, whichever of its duties is due first."""
    facts = situation.facts
    if ours := extendable_clock(situation, deciding):
        return ours
    duties = (one for one in facts.clocks_running if one.about is None and one.kind is Kind.DUTY)
    return min(duties, key=lambda clock: clock.due_at, default=None)


def _until(ours: Clock, situation: Situation) -> dict[str, Json]:
    local = ours.due_at.astimezone(situation.policy.calendar.zone)
    last = (
        counting.due_on(ours, situation.policy.calendar).isoformat()
        if ours.unit not in STEADY
        else local.strftime("%Y-%m-%d %H:%M")
    )
    return {"last": last}


def usual_length(situation: Situation) -> Mapping[str, str]:
    """That of the rule."""
    rule = _rule(situation)
    return {"length": str(rule.length)} if rule else {}


def something_is_asked(situation: Situation) -> Reason | None:
    return None if situation.facts.tasks_open else Reason(code="task.nothing_is_asked")


def something_is_asked_of_me(situation: Situation) -> Reason | None:
    return None if situation.facts.tasks_of(situation.actor) else Reason(code="task.nothing_is_asked")


def the_one_task(situation: Situation) -> Mapping[str, str]:
    """Where the actor was asked for one thing, that is the one."""
    mine = situation.facts.tasks_of(situation.actor)
    return {"task": str(mine[0].number)} if len(mine) == 1 else {}


def only_asked(situation: Situation) -> bool:
    """It is all that the actor has to do with the matter."""
    facts, actor = situation.facts, situation.actor
    return not (actor.accounts & facts.in_hand_of or facts.holder_unit in actor.units)


def answered_after_it_was_asked(situation: Situation, command: AnswerTask) -> Reason | None:
    task = next((one for one in situation.facts.tasks_open if one.number == command.task), None)
    if task is None or happened(situation, command) >= task.from_at:
        return None
    local = task.from_at.astimezone(situation.policy.calendar.zone).strftime("%Y-%m-%d %H:%M")
    return Reason(code="happened_at.before_what_it_follows", field="happened_at", values={"earliest": local})


# -- writers ----------------------------------------------------------------------------------------------------------


def ask_unit(situation: Situation, command: AskUnit, draft: Draft) -> None:
    _ask(situation, draft, Charge(command.co_unit, None))


def give_task(situation: Situation, command: GiveTask, draft: Draft) -> None:
    _ask(situation, draft, Charge(situation.unit_of(command.person), command.person))


def _ask(situation: Situation, draft: Draft, charge: Charge) -> None:
    draft.new.append(
        Task(
            number=draft.number(), unit=charge.unit, person=charge.person, what=draft.text("what"), answer=None,
            from_at=situation.now, until_at=None,
        )
    )  # fmt: skip
    draft.asked.append(charge)


def what_was_asked(_situation: Situation, command: AskUnit | GiveTask, draft: Draft) -> About:
    """The task that the step has just written, and for how long."""
    task = next(one for one in draft.new if isinstance(one, Task))
    return About(record=task.number, charge=task.charge, length=command.length)


def answer_task(situation: Situation, command: AnswerTask, draft: Draft) -> None:
    task = next(one for one in situation.facts.tasks_open if one.number == command.task)
    draft.changed.append(replace(task, answer=draft.text("reply"), until_at=situation.now))


def end_task(situation: Situation, command: EndTask, draft: Draft) -> None:
    task = next(one for one in situation.facts.tasks_open if one.number == command.task)
    draft.changed.append(replace(task, until_at=situation.now))


def end_tasks(situation: Situation, draft: Draft) -> None:
    """With the matter ends whatever was asked about it."""
    draft.changed += [replace(one, until_at=situation.now) for one in situation.facts.tasks_open]
