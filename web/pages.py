"""Rendering a page: the template in the reader's language, with what every page needs around it."""

import base64
import hashlib
import secrets
from dataclasses import dataclass
from datetime import timedelta
from functools import cache
from importlib.resources import files
from typing import Any

from starlette.responses import HTMLResponse, RedirectResponse

from infra.i18n import write_minute
from infra.jinja import environment
from web.access import is_open_to
from web.context import LANGUAGE_COOKIE, Context, cookie_name
from web.strict_headers import WITH_SCRIPT
from words import Words
from workflow.model import Role

#: What the menu offers, in its order: address and the code of its words. Shown to whoever may go there.
MENU = (
    ("/desk", "menu.desk"),
    ("/work", "menu.work"),
    ("/overview", "menu.overview"),
    ("/pictures", "menu.pictures"),
    ("/intake", "menu.intake"),
    ("/hand-over", "menu.hand_over"),
    ("/deputies", "menu.deputies"),
    ("/assessment", "menu.assessment"),
    ("/appeals", "menu.appeals"),
    ("/closures", "menu.closures"),
    ("/bulletin", "menu.bulletin"),
    ("/serials", "menu.serials"),
    ("/as-of", "menu.as_of"),
    ("/anchors", "menu.anchors"),
    ("/signs", "menu.signs"),
    ("/mails", "menu.mails"),
    ("/people", "menu.people"),
    ("/second", "menu.second"),
    ("/office-record", "menu.office_record"),
    ("/reports", "menu.reports"),
    ("/policy", "menu.policy"),
)
#: What the page that an act leads to says about it, by what stands in its address.
DONE = {
    "account_closed": "done.account_closed",
    "mail_taken_up": "done.mail_taken_up",
    "policy_published": "done.policy_published",
    "profiles_saved": "done.profiles_saved",
    "password_changed": "done.password_changed",
    "email_changed": "done.email_changed",
    "factor_reset": "done.factor_reset",
    "second_asked": "done.second_asked",
    "too_many_reports": "done.too_many_reports",
    "sessions_ended": "done.sessions_ended",
    "scheme_saved": "done.scheme_saved",
    "unit_added": "done.unit_added",
    "unit_changed": "done.unit_changed",
    "unit_closed": "done.unit_closed",
    "account_changed": "done.account_changed",
    "deputy_named": "done.deputy_named",
    "deputy_ended": "done.deputy_ended",
    "token_ended": "done.token_ended",
    "tokens_ended": "done.tokens_ended",
    "webhook_ended": "done.webhook_ended",
    "identity_connected": "done.identity_connected",
    "identity_removed": "done.identity_removed",
    "telling_chosen": "done.telling_chosen",
    "feed_ended": "done.feed_ended",
    "view_kept": "done.view_kept",
    "view_forgotten": "done.view_forgotten",
    "post_given": "done.post_given",
    "post_ended": "done.post_ended",
    "passkey_added": "done.passkey_added",
    "passkey_renamed": "done.passkey_renamed",
    "passkey_removed": "done.passkey_removed",
}
#: Pages that are their own help.
WITHOUT_HELP = frozenset({"error", "mail"})
YEAR = 365 * 24 * 3600


@dataclass(frozen=True, slots=True, kw_only=True)
class Jobs:
    """What the footer says of the recurring jobs: when the sweep last succeeded, if ever; which fail, and since when."""

    swept: str | None
    failing: tuple[tuple[str, str], ...]


def render(ctx: Context, template: str, *, status: int = 200, **values: Any) -> HTMLResponse:
    html = (
        environment(ctx.language)
        .get_template(template)
        .render(
            ctx=ctx,
            t=Words(ctx.language),
            menu=_menu(ctx),
            jobs=_jobs(ctx),
            new_form_id=new_form_id,
            path=ctx.request.url.path,
            printed=write_minute(ctx.now, ctx.language, ctx.office.policy.calendar.zone),
            helped=help_of(template),
            **{"done": DONE.get(ctx.request.query_params.get("done", "")), "about": None, **values},
        )
    )
    response = HTMLResponse(html, status_code=status)
    if "lang" in ctx.request.query_params:
        settings = ctx.site.settings
        response.set_cookie(
            cookie_name(LANGUAGE_COOKIE, settings), ctx.language, max_age=YEAR, httponly=True, samesite="lax",
            secure=settings.secure_cookies,
        )  # fmt: skip
    return response


def help_of(template: str) -> str | None:
    """The code of what a page says of itself; an error says what to do, and a mail is what it is."""
    name = template.removeprefix("pages/").removesuffix(".html")
    return None if name in WITHOUT_HELP else f"page_help.{name}"


def render_with_script(ctx: Context, template: str, **values: Any) -> HTMLResponse:
    """A page that runs the one script there is: it asks the browser for a passkey, and does nothing else."""
    setattr(ctx.request.state, WITH_SCRIPT, True)
    return render(ctx, template, script_hash=_script_hash(), **values)


@cache
def _script_hash() -> str:
    """What the browser holds the script against before it runs it."""
    script = (files("templates") / "static" / "passkey.js").read_bytes()
    return "sha384-" + base64.b64encode(hashlib.sha384(script).digest()).decode()


def too_early(ctx: Context, template: str, wait: timedelta, **values: Any) -> HTMLResponse:
    """The form again, with how many seconds to wait."""
    seconds = whole_seconds(wait)
    response = render(ctx, template, status=429, seconds=seconds, **values)
    response.headers["Retry-After"] = str(seconds)
    return response


def whole_seconds(wait: timedelta) -> int:
    """Rounded up: whoever waits so long is not refused again."""
    return -(-wait // timedelta(seconds=1))


def see_other(path: str, *, done: str | None = None) -> RedirectResponse:
    """The way to the page that shows what came of an act; `done` is what it says at its top (`DONE`)."""
    if done is not None:
        place, mark, line = path.partition("#")
        path = f"{place}{'&' if '?' in place else '?'}done={done}{mark}{line}"
    return RedirectResponse(path, status_code=303)


def new_form_id() -> str:
    """The id under which a form is taken once: 128 random bits."""
    return secrets.token_hex(16)


def _menu(ctx: Context) -> list[tuple[str, str]]:
    if ctx.person is None:
        return []
    role = ctx.person.actor.role
    return [(path, code) for path, code in MENU if is_open_to(role, path)]


def _jobs(ctx: Context) -> Jobs | None:
    """For the footer of staff pages."""
    if ctx.person is None or ctx.person.actor.role is Role.PETITIONER:
        return None
    return Jobs(
        swept=next((ctx.minute(one.succeeded_at) for one in ctx.jobs if one.job == "sweep" and one.succeeded_at), None),
        failing=tuple((one.job, ctx.minute(one.failing_since)) for one in ctx.jobs if one.failing_since),
    )
