"""What the forms of a case have to offer: people, units, parties, grounds, lights."""

from collections.abc import Mapping
from datetime import datetime

from sqlalchemy import Connection

from cases.words import Words
from people.directory import KnownAccount, known_accounts, names_of_units
from web.context import Context
from web.forms import Choices, Option
from web.presenters.lights import minute
from workflow.definition import Situation
from workflow.disputes import DISPUTE_TYPES
from workflow.facts import CaseFacts
from workflow.model import Clock, Waiver
from workflow.offers import OFFERS
from workflow.procedures.shared.lights import contestable, lights_of, renewable


def choices_for(
    connection: Connection, ctx: Context, situation: Situation, texts: Mapping[int, str], *,
    known: Mapping[int, KnownAccount] | None = None, units: Mapping[int, str] | None = None,
) -> Choices:  # fmt: skip
    """Everything that a form of this case may have to offer. `known` and `units` are names that the page has already."""
    facts = situation.facts
    appointed = OFFERS["appointed"](situation)
    units = units or names_of_units(connection)
    known = known or known_accounts(connection, (*situation.people, *appointed))
    closed = Words(ctx.language)("account.closed")
    mediators = tuple(
        Option(value=str(account), text=f"{known[account].name}（{units[unit]}）")
        for account, unit in situation.people.items()
    )
    return {
        "mediators": mediators,
        "handlers": mediators,
        # Whoever serves can leave, also one whose account is closed or whose unit the actor does not reach.
        "appointed": tuple(Option(value=str(account), text=known[account].said(closed)) for account in appointed),
        "units": tuple(Option(value=str(unit), text=units[unit]) for unit in OFFERS["units"](situation)),
        "parties": tuple(
            Option(
                value=str(party.number),
                text=texts.get(party.name),
                code=None if party.name in texts else "party.unnamed",
            )
            for party in facts.parties
        ),
        "pause_grounds": tuple(
            Option(value=ground, code=f"ground.{ground}") for ground in OFFERS["pause_grounds"](situation)
        ),
        "waivers": tuple(
            Option(value=str(waiver.number), text=_light_of(waiver, facts, ctx))
            for waiver in facts.waivers
            if waiver.decided_at is None
        ),
        **appeal_choices(situation, ctx),
        **intake_choices(),
    }


def appeal_choices(situation: Situation, ctx: Context) -> dict[str, tuple[Option, ...]]:
    """The lights that the reader's unit may appeal against, and the rejected appeals that it may renew."""
    facts = situation.facts
    return {
        "rejected_appeals": tuple(
            Option(value=str(waiver.number), text=_light_of(waiver, facts, ctx)) for waiver in renewable(situation)
        ),
        "lights": tuple(
            Option(value=light.name, text=_named_light(light.clock, light.rung.code, light.rung.at, ctx))
            for light in contestable(situation)
        ),
    }


def every_light(situation: Situation, ctx: Context) -> dict[str, tuple[Option, ...]]:
    """The same with every light of the case, so that the rules and not the form say why one cannot be appealed against."""
    lights = tuple(Option(value=light.name) for light in lights_of(situation))
    return {**appeal_choices(situation, ctx), "lights": lights}


def _light_of(waiver: Waiver, facts: CaseFacts, ctx: Context) -> str:
    """The light that a waiver is about: which clock, which rung, when it lit."""
    clock = next(clock for clock in facts.clocks if clock.number == waiver.clock)
    lit = next((rung.at for rung in clock.rungs if rung.code == waiver.rung), waiver.proposed_at)
    return _named_light(clock, waiver.rung, lit, ctx)


def _named_light(clock: Clock, rung: str, lit: datetime, ctx: Context) -> str:
    words = Words(ctx.language)
    return f"{words(f'clock.{clock.name}')} · {words(f'rung.{rung}')} · {minute(lit, ctx)}"


def intake_choices() -> Choices:
    return {"dispute_types": tuple(Option(value=code, code=f"dispute.{code}") for code in DISPUTE_TYPES)}
