"""What the owner of an account reads of it: instants in their own words, and how they came in of late."""

from dataclasses import dataclass

from infra.i18n import write_day
from people.sign_ins import CameIn
from people.tokens import Issued
from web.context import Context


@dataclass(frozen=True, slots=True, kw_only=True)
class SignInView:
    """`how`, `browser` and `system` are codes of words."""

    at: str
    how: str
    browser: str
    system: str


def sign_in_view(one: CameIn, ctx: Context) -> SignInView:
    return SignInView(
        at=ctx.minute(one.at), how=f"sign_in.{one.how}", browser=f"browser.{one.browser}", system=f"system.{one.system}"
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class TokenView:
    """A token that is good. `token_hash` tells it from the others in a form, and opens nothing."""

    token_hash: str
    name: str
    scopes: tuple[str, ...]
    since: str
    until: str
    used: str | None


def token_view(one: Issued, ctx: Context) -> TokenView:
    last = ctx.office.policy.calendar.local_day(one.expires_at)
    return TokenView(
        token_hash=one.token_hash, name=one.name, scopes=one.scopes, since=ctx.minute(one.created_at),
        until=write_day(last, ctx.language), used=ctx.minute(one.used_at) if one.used_at else None,
    )  # fmt: skip
