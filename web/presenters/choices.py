"""What the forms of a case have to offer: people, units, parties, grounds, lights."""

from collections.abc import Callable, Collection, Iterable, Mapping
from datetime import datetime, timedelta
from functools import partial

from sqlalchemy import Connection

from cases.holdings import Load, loads_of
from people.directory import KnownAccount, known_accounts, names_of_units
from web.context import Context
from web.forms import Choices, Option
from web.presenters.linked import link_options
from words import Words
from workflow.commands import Command
from workflow.definition import Situation
from workflow.disputes import DISPUTE_TYPES
from workflow.facts import CaseFacts
from workflow.fields import OF_PEOPLE, choices_in
from workflow.model import AccountId, Clock, Party, Role
from workflow.offers import OFFERS
from workflow.procedures.every_case.lights import contestable, renewable
from workflow.records import Participant, Task, Waiver


def choices_for(
    connection: Connection, ctx: Context, situation: Situation, texts: Mapping[int, str], *,
    of: Iterable[type[Command]],
    known: Mapping[int, KnownAccount] | None = None, units: Mapping[int, str] | None = None,
) -> Choices:  # fmt: skip
    """What the forms of these commands have to offer, and nothing else. `known` and `units` are names that the page has
    already."""
    facts = situation.facts
    units = units or names_of_units(connection)
    wanted = {choice for command in of for choice in choices_in(command).values()}
    known = _with_colleagues(connection, situation, dict(known or {}), wanted)
    made: dict[str, Callable[[], tuple[Option, ...]]] = {
        **_of_people(situation, known, units, _reasons(connection, situation, wanted, ctx), ctx),
        "participants": lambda: tuple(_participant(one, texts, known, ctx) for one in facts.taking_part),
        "co_units": lambda: tuple(Option(value=str(unit), text=units[unit]) for unit in OFFERS["co_units"](situation)),
        "tasks": lambda: tuple(_task(one, texts, known, units) for one in facts.tasks_open),
        "my_tasks": lambda: tuple(_task(one, texts, known, units) for one in facts.tasks_of(situation.actor)),
        "links": lambda: link_options(connection, ctx, facts.linked),
        "units": lambda: tuple(Option(value=str(unit), text=units[unit]) for unit in OFFERS["units"](situation)),
        "parties": lambda: tuple(_party(party, texts) for party in facts.parties),
        "pause_grounds": lambda: tuple(
            Option(value=ground, code=f"ground.{ground}") for ground in OFFERS["pause_grounds"](situation)
        ),
        "waivers": lambda: tuple(
            Option(value=str(one.number), text=_light_of(one, facts, ctx))
            for one in facts.waivers
            if one.decided_at is None
        ),
        "rejected_appeals": lambda: _renewable(situation, ctx),
        "lights": lambda: _contestable(situation, ctx),
        "dispute_types": lambda: intake_choices()["dispute_types"],
    }
    return {name: make() for name, make in made.items() if name in wanted}


A_YEAR = timedelta(days=365)
#: Whom a matter may be given to, or asked to help.
SERVING = frozenset({"mediators", "handlers", "newcomers", "helpers"})


def _reasons(
    connection: Connection, situation: Situation, wanted: Collection[str], ctx: Context
) -> Mapping[AccountId, Load]:
    """Of each of those whom these forms offer: what they have in hand, and how many of the type they have ended in a year."""
    offered = {one for choice in SERVING & set(wanted) for one in OFFERS[choice](situation)}
    if not offered:
        return {}
    kind = situation.facts.dispute_type or ""
    return loads_of(connection, offered, kind, actor=situation.actor, since=ctx.now - A_YEAR)


def _with_colleagues(
    connection: Connection, situation: Situation, known: dict[int, KnownAccount], wanted: Collection[str]
) -> Mapping[int, KnownAccount]:
    """Also the names of whoever is in the matter now, and of everybody who is offered."""
    offered = {one for choice in OF_PEOPLE & set(wanted) for one in OFFERS[choice](situation)}
    asked = {one.person for one in situation.facts.tasks_open if one.person is not None}
    unknown = {*OFFERS["appointed"](situation), *OFFERS["in_hand"](situation), *offered, *asked} - set(known)
    return known | known_accounts(connection, unknown) if unknown else known


def _of_people(
    situation: Situation, known: Mapping[int, KnownAccount], units: Mapping[int, str],
    reasons: Mapping[AccountId, Load], ctx: Context,
) -> dict[str, Callable[[], tuple[Option, ...]]]:  # fmt: skip
    words = Words(ctx.language)
    closed = words("account.closed")

    def who_may_serve(choice: str) -> tuple[Option, ...]:
        """Whoever has least in hand comes first, and of those whoever has ended most of the kind: the program shows why, and a
        person chooses."""
        return tuple(
            Option(
                value=str(account),
                text=f"{known[account].name}（{' · '.join(units[one] for one in situation.people[account])} · "
                f"{words('choice.in_hand', n=load.held)}{words('choice.has_ended', n=load.ended) if load.ended else ''}）",
            )
            for account in sorted(OFFERS[choice](situation), key=lambda one: (reasons[one].held, -reasons[one].ended))
            for load in [reasons[account]]
        )

    def colleagues(choice: str) -> tuple[Option, ...]:
        """Whoever is in the matter can leave, also one whose account is closed or whose unit the actor does not reach."""
        return tuple(Option(value=str(one), text=known[one].said(closed)) for one in OFFERS[choice](situation))

    return {
        **{choice: partial(who_may_serve, choice) for choice in SERVING},
        **{choice: partial(colleagues, choice) for choice in ("appointed", "in_hand", "recusable")},
    }


def _party(party: Party, texts: Mapping[int, str]) -> Option:
    named = party.name in texts
    return Option(value=str(party.number), text=texts.get(party.name), code=None if named else "party.unnamed")


def _participant(one: Participant, texts: Mapping[int, str], known: Mapping[int, KnownAccount], ctx: Context) -> Option:
    words = Words(ctx.language)
    name = known[one.person].name if one.person else texts.get(one.name or 0, words("party.unnamed"))
    return Option(value=str(one.number), text=f"{words(f'choice.part.{one.part}')} · {name}")


def _task(
    one: Task, texts: Mapping[int, str], known: Mapping[int, KnownAccount], units: Mapping[int, str]
) -> Option:  # fmt: skip
    """Who was asked for what: its first line."""
    who = known[one.person].name if one.person else units[one.unit]
    what = next(iter(texts.get(one.what, "").splitlines()), "")
    return Option(value=str(one.number), text=f"{who} · {what}")


def appeal_choices(situation: Situation, ctx: Context) -> dict[str, tuple[Option, ...]]:
    """The lights that the reader's unit may appeal against, and the rejected appeals that it may renew."""
    return {"rejected_appeals": _renewable(situation, ctx), "lights": _contestable(situation, ctx)}


def _renewable(situation: Situation, ctx: Context) -> tuple[Option, ...]:
    return tuple(
        Option(value=str(waiver.number), text=_light_of(waiver, situation.facts, ctx))
        for waiver in renewable(situation)
    )


def _contestable(situation: Situation, ctx: Context) -> tuple[Option, ...]:
    """None for those who answer for no light: who held the case when one lit is not their business, and not loaded."""
    return tuple(
        Option(value=light.name, text=_named_light(light.clock, light.rung.code, light.rung.at, ctx))
        for light in (contestable(situation) if situation.actor.role is Role.SUPERVISOR else ())
    )


def _light_of(waiver: Waiver, facts: CaseFacts, ctx: Context) -> str:
    """The light that a waiver is about: which clock, which rung, when it lit."""
    clock = next(clock for clock in facts.clocks if clock.number == waiver.clock)
    lit = next((rung.at for rung in clock.rungs if rung.code == waiver.rung), waiver.proposed_at)
    return _named_light(clock, waiver.rung, lit, ctx)


def _named_light(clock: Clock, rung: str, lit: datetime, ctx: Context) -> str:
    words = Words(ctx.language)
    return f"{words(f'clock.{clock.name}')} · {words(f'rung.{rung}')} · {ctx.minute(lit)}"


def intake_choices() -> Choices:
    return {"dispute_types": tuple(Option(value=code, code=f"dispute.{code}") for code in DISPUTE_TYPES)}
