"""What the owner of an account reads of it: instants in their own words, and how they came in of late."""

from dataclasses import dataclass
from datetime import datetime

from infra.i18n import write_minute
from people.sign_ins import CameIn
from web.context import Context


@dataclass(frozen=True, slots=True, kw_only=True)
class SignInView:
    """`how`, `browser` and `system` are codes of words."""

    at: str
    how: str
    browser: str
    system: str


def said(ctx: Context, instant: datetime) -> str:
    return write_minute(instant, ctx.language, ctx.office.policy.calendar.zone, today=ctx.today)


def sign_in_view(one: CameIn, ctx: Context) -> SignInView:
    return SignInView(
        at=said(ctx, one.at), how=f"sign_in.{one.how}", browser=f"browser.{one.browser}", system=f"system.{one.system}"
    )
