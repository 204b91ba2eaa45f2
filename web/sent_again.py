"""Was this step sent before? Asked before its fields are judged: what was offered when it was first sent is not known now."""

from functools import partial

from sqlalchemy import Connection

from cases.repeats import taken_before
from web.context import Context
from web.forms import FormIsWrong, read_form
from web.posted import Posted
from web.presenters.linked import case_that_was_typed
from workflow.commands import Command


def sent_before(connection: Connection, ctx: Context, kind: type[Command], form: Posted, *, case_id: int) -> bool:
    """Whether this form has taken this very step of the case. Raises `FormWasUsed` if it has taken another."""
    try:
        command = read_form(
            kind, form.fields(), None, zone=ctx.office.policy.calendar.zone, find_case=partial(case_that_was_typed, ctx)
        )
    except FormIsWrong:
        return False  # it never was a step: whoever reads it next says what is wrong with it
    return taken_before(connection, form.form_id, command, actor=ctx.actor, case_id=case_id) is not None
