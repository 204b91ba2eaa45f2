"""The desk of an auditor and of an administrator: what asks for them now, what there is to look at, each line with the way
there. Whatever asks for somebody stands on top.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta

from sqlalchemy import Connection

from cases.anchors import WANTED_AUDITORS, list_anchors
from cases.appeals import contested_lights
from cases.policies import dated_versions
from infra.verified import last_verified
from infra.version import program_version
from ledger.outbox import counts_of
from people.directory import active_with_role, all_accounts, open_units
from people.noting import last_time
from people.office_keys import keys_missing, pins
from people.proposals import waiting
from reports.closures.exports import latest
from web.access import is_open_to
from web.context import Context
from words import Words
from workflow.model import Role

#: What may stand on a desk, by the code of its name.
LINES = (
    "appeals", "assessment", "verify", "anchors", "closures", "signs", "serials", "reads", "mails", "jobs", "policy", "people",
    "backup", "version", "second", "keys", "clock",
)  # fmt: skip
#: From this month on the notice of the next year is missed: it is published in November.
NOTICE_IS_DUE = 11
#: What is older than this is asked for; `deploy/` makes one a night.
BACKUP_EVERY = timedelta(days=7)
VERIFY_EVERY = timedelta(days=31)


@dataclass(frozen=True, slots=True, kw_only=True)
class DeskLine:
    """A thing by the code of its name, what is said of it, where it is seen to; `asks`: it waits for the reader."""

    code: str
    said: str
    link: str
    asks: bool = False


def desk_of(connection: Connection, ctx: Context) -> tuple[DeskLine, ...]:
    """The lines of whoever asks, those that ask for them first; none that leads where they may not go."""
    role, t = ctx.actor.role, Words(ctx.language)
    lines = _administrator(connection, ctx, t) if role is Role.ADMINISTRATOR else _auditor(connection, ctx, t)
    open_to = [line for line in lines if is_open_to(role, line.link.partition("?")[0])]
    return tuple(sorted(open_to, key=lambda line: not line.asks))


def _auditor(connection: Connection, ctx: Context, t: Words) -> Iterator[DeskLine]:
    yield from _of_both(connection, ctx, t)
    contested = sum(one.decision is None for one in contested_lights(connection, actor=ctx.actor))
    yield DeskLine(
        code="appeals",
        said=t("desk.waiting", n=contested),
        link="/appeals",
        asks=contested > 0 and ctx.actor.role is Role.ASSESSOR,
    )
    yield _year(ctx, t)
    yield _verified(ctx, t)
    anchors = list_anchors(connection, at_most=1)
    auditors = len(active_with_role(connection, Role.AUDITOR))
    kept = (
        t("desk.anchor", number=anchors[0].number, when=ctx.minute(anchors[0].made_at)) if anchors else t("desk.none")
    )
    few = auditors < WANTED_AUDITORS
    yield DeskLine(code="anchors", said=t("desk.few_auditors", n=auditors) if few else kept, link="/anchors", asks=few)
    exported = latest(connection)
    last = t("desk.last", when=ctx.minute(exported[0].at)) if exported else t("desk.not_exported")
    yield DeskLine(code="closures", said=last, link="/closures")
    yield DeskLine(code="signs", said=t("desk.signs"), link="/signs")
    yield DeskLine(code="serials", said=t("desk.serials"), link="/serials")
    yield DeskLine(code="reads", said=t("desk.reads"), link="/reads")


def _verified(ctx: Context, t: Words) -> DeskLine:
    """What the last look at the whole record found, as the machine has noted it."""
    found = last_verified(ctx.site.settings.home)
    if found is None:
        return DeskLine(code="verify", said=t("desk.not_verified"), link="/anchors", asks=not ctx.office.demo)
    when, old = ctx.minute(found.at), ctx.now - found.at > VERIFY_EVERY
    said = t("desk.verified", when=when) if found.sound else t("desk.unsound", when=when)
    return DeskLine(code="verify", said=said, link="/anchors", asks=old or not found.sound)


def _year(ctx: Context, t: Words) -> DeskLine:
    """The year that can be closed, or the one that runs."""
    today, last = ctx.today, ctx.today.year - 1
    month, day = map(int, ctx.office.policy.appeal.close_on.split("-"))
    due = last not in ctx.office.closed_years and last in ctx.office.policy.calendar.published
    if due and today >= date(today.year, month, day):
        return DeskLine(
            code="assessment", said=t("desk.close_year", year=last), link=f"/assessment?year={last}", asks=True
        )
    return DeskLine(code="assessment", said=t("desk.year", year=today.year), link="/assessment")


def _administrator(connection: Connection, ctx: Context, t: Words) -> Iterator[DeskLine]:
    yield from _of_both(connection, ctx, t)
    mails = counts_of(connection)
    said = t("desk.mails", dead=mails["dead"], trying=mails["trying"])
    yield DeskLine(code="mails", said=said, link="/mails", asks=mails["dead"] > 0)
    failing = [one for one in ctx.jobs if one.failing_since]
    swept = next((one.succeeded_at for one in ctx.jobs if one.job == "sweep" and one.succeeded_at), None)
    fine = t("desk.swept", when=ctx.minute(swept)) if swept else t("desk.not_swept")
    yield DeskLine(
        code="jobs", said=t("desk.failing", n=len(failing)) if failing else fine, link="/mails", asks=bool(failing)
    )
    year = ctx.today.year + 1
    missed = year not in ctx.office.policy.calendar.published and ctx.today.month >= NOTICE_IS_DUE
    versions = dated_versions(connection)
    known = t("desk.rules_since", when=ctx.minute(versions[-1][1])) if versions else t("desk.none")
    yield DeskLine(
        code="policy", said=t("desk.notice_missing", year=year) if missed else known, link="/policy", asks=missed
    )
    active = [account.active for account in all_accounts(connection)]
    people = t("desk.people", units=len(open_units(connection)), n=active.count(True), closed=active.count(False))
    yield DeskLine(code="people", said=people, link="/people")
    saved = last_time(connection, "backup:made")
    late = not ctx.office.demo and (saved is None or ctx.now - saved > BACKUP_EVERY)
    kept = t("desk.saved", when=ctx.minute(saved)) if saved else t("desk.not_saved")
    yield DeskLine(code="backup", said=kept, link="/mails", asks=late)
    yield DeskLine(code="version", said=program_version(), link="/policy")


def _of_both(connection: Connection, ctx: Context, t: Words) -> Iterator[DeskLine]:
    mine = [one for one in waiting(connection) if one.asked_by != ctx.actor.account]
    yield DeskLine(code="second", said=t("desk.waiting", n=len(mine)), link="/second", asks=bool(mine))
    missing = keys_missing(ctx.site.settings.home, pins(connection))
    yield DeskLine(
        code="keys", said=t("desk.keys_missing") if missing else t("desk.in_order"), link="/keys", asks=bool(missing)
    )
    doubted = ctx.office.clock_doubted_at is not None
    yield DeskLine(
        code="clock", said=t("desk.clock_in_doubt") if doubted else t("desk.in_order"), link="/clock", asks=doubted
    )
