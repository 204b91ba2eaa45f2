"""The keys of the office: which of them this machine has, and changing one that is lost for good, which takes two people."""

from dataclasses import dataclass

from sqlalchemy import Connection
from starlette.responses import Response

from infra.db import transaction
from infra.i18n import write_day
from infra.keys import KeyIsExposed, KeyIsUnreadable, fingerprint_of, key_file, secret_key
from infra.signing import signing_file, signing_key, written
from people.office_keys import ANCHORS, NAMES, Pin, fingerprint_at_hand, is_pinned, pins, shown
from people.proposals import CHANGE_KEY, ask, do, needs_second_for_key, waiting
from web.access import SECOND, get, post
from web.context import Context, Ctx, NoSuchPage
from web.pages import render, see_other
from web.posted import Form

#: How the file of this machine stands to the record.
SAME, ANOTHER, MISSING, UNREADABLE, UNUSED = STANDS = ("same", "another", "missing", "unreadable", "unused")


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyLine:
    """A key as people compare it. `asked`: a change waits for a second person."""

    name: str
    folder: str
    pinned: str
    since: str
    here: str
    stands: str
    asked: bool


@get("/keys", who=SECOND)
def keys(ctx: Ctx) -> Response:
    with ctx.reading() as connection:
        pinned = pins(connection)
        asked = {one.data["key"] for one in waiting(connection) if one.act == CHANGE_KEY}
    lines = [_line(ctx, name, pinned.get(name), asked=name in asked) for name in NAMES]
    return render(ctx, "pages/keys.html", lines=lines)


@post("/keys/{name}/change", who=SECOND)
def change(ctx: Ctx, form: Form, name: str) -> Response:  # noqa: ARG001 (the form's token is checked by asking for it)
    """Asks for the key of this machine to become the office's; makes one first if there is none."""
    if name not in NAMES:
        raise NoSuchPage
    try:
        fingerprint, public = _at_hand(ctx, name)
    except (KeyIsExposed, KeyIsUnreadable, OSError):
        return see_other("/keys")  # which says what is wrong with the file
    data = {"key": name, "fingerprint": fingerprint, "public": public or ""}
    with transaction(ctx.engine) as connection:
        if name not in pins(connection) or is_pinned(pins(connection)[name], fingerprint):
            return see_other("/keys")  # there is nothing to change, or no longer
        _ask(connection, ctx, data)
    return see_other("/keys")


def _ask(connection: Connection, ctx: Context, data: dict[str, str]) -> None:
    if needs_second_for_key(connection, actor=ctx.actor):
        ask(connection, CHANGE_KEY, account=None, data=data, actor=ctx.actor, now=ctx.now)
    else:
        do(connection, CHANGE_KEY, None, data, actor=ctx.actor, now=ctx.now)


def _at_hand(ctx: Context, name: str) -> tuple[str, str | None]:
    """The fingerprint, and the public half of a key that signs."""
    home = ctx.site.settings.home
    if name != ANCHORS:
        return fingerprint_of(secret_key(home, name)), None
    public = signing_key(home).public
    return fingerprint_of(public), written(public)


def _line(ctx: Context, name: str, pin: Pin | None, *, asked: bool) -> KeyLine:
    home = ctx.site.settings.home
    path = signing_file(home) if name == ANCHORS else key_file(home, name)
    here = ""
    try:
        here = fingerprint_at_hand(home, name)
        stands = UNUSED if pin is None else SAME if is_pinned(pin, here) else ANOTHER if here else MISSING
    except (KeyIsExposed, KeyIsUnreadable, OSError):
        stands = UNREADABLE
    zone = ctx.office.policy.calendar.zone
    return KeyLine(
        name=name, folder=str(path.parent), pinned=shown(pin.fingerprint) if pin else "",
        since=write_day(pin.since.astimezone(zone).date(), ctx.language) if pin else "",
        here=shown(here), stands=stands, asked=asked,
    )  # fmt: skip
