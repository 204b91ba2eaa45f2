"""The steps of a case as its page shows them, the likeliest on top, and each on a page of its own."""

from dataclasses import dataclass, replace

from sqlalchemy import Connection

from cases import reading as record
from cases.last_step import with_last_step
from cases.numbers import case_number
from web.context import Context, NoSuchPage
from web.forms import Choices, FormView, blank_form
from web.presenters.choices import choices_for
from web.presenters.situations import situation_of
from workflow.deciding import Available, available_steps, likeliest_of
from workflow.definition import Situation, Step
from workflow.foresight import Foreseen, foreseen
from workflow.model import Reason
from workflow.procedures.every_case.commands import TakeBack
from workflow.procedures.every_case.taking_back import why_not


@dataclass(frozen=True, slots=True, kw_only=True)
class StepView:
    """A step that the reader's role may take: its form, or the reasons why it is closed now."""

    command: str
    form: FormView | None
    reasons: tuple[Reason, ...]
    likeliest: bool
    final: bool
    foreseen: Foreseen
    notes: tuple[Reason, ...] = ()  #: what the reader has to know to fill the form in


@dataclass(frozen=True, slots=True, kw_only=True)
class StepPage:
    """A step on a page of its own."""

    public_id: str
    number: str
    version: int
    command: str
    form: FormView | None  #: None: it is closed, and the notes say why
    final: bool
    foreseen: Foreseen
    notes: tuple[Reason, ...]


def step_views(
    situation: Situation, available: Available, choices: Choices, returned: FormView | None
) -> tuple[StepView, ...]:
    """The steps that move the case or its dates, the likeliest first, those that are closed now at the end; and of the others
    only one whose form comes back. What can be done at any time has pages of its own."""
    found = [(step, reasons) for step, reasons in available if not step.minor or _is_back(step, returned)]
    first = likeliest_of(situation, available)
    views = []
    for step, reasons in found:
        back = _is_back(step, returned)
        form = None if reasons else blank_form(step.command, choices, preset=step.preset(situation))
        views.append(
            StepView(
                command=step.command.__name__,
                form=returned if back else form,
                reasons=() if back else reasons,
                likeliest=back or (returned is None and step is first),
                final=step.cannot_be_undone,
                foreseen=foreseen(situation, step),
                notes=step.notes(situation),
            )
        )
    return tuple(sorted(views, key=lambda view: (not view.likeliest, view.form is None)))


def _is_back(step: Step, returned: FormView | None) -> bool:
    return returned is not None and returned.command == step.command.__name__


def show_step(connection: Connection, ctx: Context, case_id: int, command: str) -> StepPage:
    """The page of one step. Raises `NoSuchPage` for one that is not open to the reader now."""
    situation, name = situation_of(connection, ctx, case_id, command=command)
    if command == TakeBack.__name__:
        situation = replace(situation, facts=with_last_step(connection, situation.facts))
    step = next((one for one, why in available_steps(situation) if one.command.__name__ == command and not why), None)
    if step is None:
        raise NoSuchPage
    texts = record.texts_of(connection, [case_id], actor=ctx.actor).get(case_id, {})
    choices = choices_for(connection, ctx, situation, texts, of=[step.command])
    return StepPage(
        public_id=name.public_id,
        number=case_number(ctx.office.short_name, name.series, name.year, name.serial),
        version=situation.facts.version,
        command=command,
        form=None if _is_shut(situation, step) else blank_form(step.command, choices, preset=step.preset(situation)),
        final=step.cannot_be_undone,
        foreseen=foreseen(situation, step),
        notes=step.notes(situation),
    )


def _is_shut(situation: Situation, step: Step) -> bool:
    """Whether nothing that could be typed would open it: the last step stays."""
    return step.command is TakeBack and why_not(situation) is not None
