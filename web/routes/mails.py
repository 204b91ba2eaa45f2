"""The outbox for the administrator: what waits, what went out, what is dead; and the jobs that do it."""

from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default
from typing import Any

from sqlalchemy import Connection, select
from starlette.responses import Response

from cases.jobruns import all_runs
from infra.db import transaction
from ledger.outbox import KINDS, counts_of
from ledger.tables import Message
from notifications.compose import message_id
from notifications.deliver import send_again
from notifications.forwarding import OWN_REASONS
from notifications.names import name_of
from people.directory import names_of_accounts
from web.access import ADMINISTRATION, RowId, get, post
from web.context import Context, Ctx, NoSuchPage
from web.pages import render, see_other
from web.posted import Form
from words import Words

_message = Message.__table__.c  # type: ignore[attr-defined]
SHOWN = 100


@get("/mails", who=ADMINISTRATION)
def mails(ctx: Ctx, kind: str = "dead") -> Response:
    if kind not in KINDS:
        raise NoSuchPage
    words = Words(ctx.language)
    with ctx.reading() as connection:
        counts = counts_of(connection)
        chosen = (
            kind if counts[kind] or "kind" in ctx.request.query_params else next((k for k in KINDS if counts[k]), kind)
        )
        rows = _rows(connection, ctx, chosen)
        runs = [
            {
                "job": run.job,
                "succeeded": ctx.minute(run.succeeded_at) if run.succeeded_at else None,
                "failed": ctx.minute(run.failed_at) if run.failed_at else None,
                "failing_since": ctx.minute(run.failing_since) if run.failing_since else None,
                "did": words.figures(run.figures) if run.figures is not None else words("did.broke_off"),
            }
            for run in all_runs(connection)
        ]
    by_file = not ctx.site.settings.sends_mail
    return render(ctx, "pages/mails.html", kind=chosen, counts=counts, rows=rows, runs=runs, by_file=by_file)


def _rows(connection: Connection, ctx: Context, kind: str) -> list[dict[str, Any]]:
    found = connection.execute(
        select(*_message).where(KINDS[kind]).order_by(_message.recorded_at.desc(), _message.id.desc()).limit(SHOWN)
    ).all()
    accounts, words = names_of_accounts(connection, {row.recipient for row in found}), Words(ctx.language)
    return [
        {
            "id": row.id,
            "message_id": message_id(row, ctx.site.settings.mail_domain) if name_of(row) else "",
            "to": accounts.get(row.recipient, ""),
            "recorded": ctx.minute(row.recorded_at),
            "sent": ctx.minute(row.sent_at) if row.sent_at else None,
            "next": ctx.minute(row.next_try_at) if row.next_try_at else None,
            "attempts": row.attempts,
            "error": words(f"mail_reason.{OWN_REASONS[row.last_error]}")
            if row.last_error in OWN_REASONS
            else row.last_error,
        }
        for row in found
    ]


@get("/mails/{message}", who=ADMINISTRATION)
def one_mail(ctx: Ctx, message: RowId) -> Response:
    """A mail that was written to a file instead of being sent."""
    with ctx.reading() as connection:
        row = connection.execute(select(*_message).where(_message.id == message)).one_or_none()
    name = name_of(row) if row else None
    path = ctx.site.settings.home / "mail" / f"{name}.eml"
    if not name or not path.is_file():
        raise NoSuchPage
    mail = message_from_bytes(path.read_bytes(), policy=default)
    assert isinstance(mail, EmailMessage)
    body = mail.get_body(("plain",))
    return render(ctx, "pages/mail.html", mail=mail, body=body.get_content() if body else "")


@post("/mails/{message}/again", who=ADMINISTRATION)
def try_again(ctx: Ctx, form: Form, message: RowId) -> Response:  # noqa: ARG001 (the form's token is checked by asking for it)
    with transaction(ctx.engine) as connection:
        if connection.execute(select(_message.id).where(_message.id == message)).first() is None:
            raise NoSuchPage
        send_again(connection, message, now=ctx.now)
    return see_other("/mails", done="mail_taken_up")
