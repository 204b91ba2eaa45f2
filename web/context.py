"""Who asks, in which language, and when. The web's only look at the clock; everything behind it is given `now`.

A page that the asker may not use looks as if it did not exist, except that somebody who is not signed in is asked to
sign in.
"""

import hashlib
import hmac
import secrets
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Annotated

from fastapi import Depends, Request
from sqlalchemy import Connection, Engine

from cases.clock_watch import ClockIsInDoubt, doubt_about
from cases.jobruns import JobLine
from cases.office import OfficeContext, load_office
from infra.db import written_at_once
from infra.i18n import known_language, preferred_language, write_minute
from infra.settings import Settings
from people.directory import Person, intake_unit
from people.signin import CODE, SET_UP, find_asker, note_session_used
from reports.later.jobs import Asker, runs_and_ready
from reports.years.sheet_files import scheme_name
from web.access import ROUTES, Route
from web.view import view_of
from workflow.model import Actor, CaseId, Role

BROWSER_COOKIE = "huiyin_browser"
SESSION_COOKIE = "huiyin_session"
LANGUAGE_COOKIE = "huiyin_language"
KNOWN_COOKIE = "huiyin_known"  #: stays with the browser of somebody who has signed in (`people/known_browsers.py`)
#: What browsers ask of such a name: sent over https only, for this host and the whole of it, so that nobody beside us
#: on the same domain can set one (RFC 6265bis §4.1.3.2).
HOST_ONLY = "__Host-"
#: Where somebody goes first, and which pages of staff are open meanwhile.
FIRST = {CODE: "/signin/second", SET_UP: "/account/second-factor"}
OPEN_WHILE = {CODE: frozenset[str](), SET_UP: frozenset({"/account/second-factor", "/password"})}
#: So many hexadecimal digits of a form token say in which session the form was opened.
SESSION_MARK = 16


class PleaseSignIn(Exception):
    """The page is for people who are signed in."""


class MustFirst(Exception):
    """Something comes first: the code of the second factor, setting one up, or choosing as whom one acts. Carries the way there."""

    def __init__(self, path: str) -> None:
        super().__init__(path)
        self.path = path


class NoSuchPage(Exception):
    """There is no such page for this asker."""


def cookie_name(name: str, settings: Settings) -> str:
    """The name of one of our cookies as it goes out: over plain http browsers would refuse the prefix."""
    return f"{HOST_ONLY}{name}" if settings.secure_cookies else name


def cookie_of(request: Request, name: str) -> str:
    """The value of one of our cookies; empty without it."""
    return request.cookies.get(cookie_name(name, site_of(request).settings), "")


def read_clock() -> datetime:
    return datetime.now(UTC)


@dataclass(frozen=True, slots=True, kw_only=True)
class Site:
    """What one running program serves: made once by `create_app`."""

    engine: Engine
    settings: Settings


@dataclass(frozen=True, slots=True, kw_only=True)
class Context:
    """One request: the site, the time, the asker, the language."""

    request: Request
    site: Site
    office: OfficeContext
    now: datetime
    shown: datetime  #: what the clock of the machine shows, which may be in doubt
    person: Person | None
    petitioner_case: CaseId | None
    language: str
    jobs: tuple[JobLine, ...]  #: for the footer of staff pages
    reports_ready: int  #: made for the asker, and not looked at yet
    browser: str  #: a random value that this browser alone carries, for form tokens
    limited: str | None = None  #: what the asker does first (`people.signin.CODE`, `SET_UP`)

    @property
    def engine(self) -> Engine:
        return self.site.engine

    def reading(self) -> AbstractContextManager[Connection]:
        """A look at the record: for a page always the same view of it, for a form the record as it stands."""
        return view_of(self.request, self.engine).reading()

    @property
    def today(self) -> date:
        return self.office.policy.calendar.local_day(self.now)

    @property
    def actor(self) -> Actor:
        """The asker as the rules know one. Only for pages that are not public."""
        if self.person:
            return self.person.actor
        if self.petitioner_case is not None:
            return Actor(account=None, role=Role.PETITIONER, unit=None, case=self.petitioner_case)
        raise PleaseSignIn

    @property
    def me(self) -> Person:
        """The account that asks, for pages that are its own alone."""
        if self.person is None:
            raise NoSuchPage
        return self.person

    def minute(self, instant: datetime) -> str:
        """An instant as the reader is told it: in their words, the year only where it is another one."""
        return write_minute(instant, self.language, self.office.policy.calendar.zone, today=self.today)

    def rule_name(self, rule: str) -> str:
        """A rule by its name in the reader's language; by its id where the office has no such rule any more."""
        found = self.office.policy.rules.get(rule)
        return rule if found is None else self.in_their_language(found[-1].zh, found[-1].en)

    def scheme_name(self, scheme: str) -> str:
        found = self.office.policy.schemes.get(scheme)
        return scheme if found is None else scheme_name(found, self.language)

    def in_their_language(self, zh: str, en: str) -> str:
        return zh if self.language == "zh_CN" else en

    def form_token(self) -> str:
        """What a form of this browser and this session must bring back: a mark of the session, and of the post that its owner acts
        as, under the browser's seal."""
        session = cookie_of(self.request, SESSION_COOKIE)
        part = f"\0{self.person.post}" if self.person and self.person.post else ""
        return _sealed(self.browser, hashlib.sha256((session + part).encode()).hexdigest()[:SESSION_MARK])

    def gave(self, token: str, *, in_any_session: bool) -> bool:
        """Whether a form with this token was given to this browser, in the session that it has now or in any that it had."""
        return is_sealed(self.browser, token) and (
            in_any_session or hmac.compare_digest(token.encode(), self.form_token().encode())
        )


def is_sealed(browser: str, token: str) -> bool:
    """Whether a form with this token was given to this browser, in whichever session."""
    return hmac.compare_digest(token.encode(), _sealed(browser, token[:SESSION_MARK]).encode())


def _sealed(browser: str, mark: str) -> str:
    return mark + hmac.new(browser.encode(), b"form\0" + mark.encode(), hashlib.sha256).hexdigest()


def site_of(request: Request) -> Site:
    site: Site = request.app.state.site
    return site


def context(request: Request) -> Context:
    """The context of a request, or `PleaseSignIn`, or `NoSuchPage` when the route is not open to the asker."""
    site = site_of(request)
    shown = read_clock()
    token = cookie_of(request, SESSION_COOKIE)
    view = view_of(request, site.engine)
    with view.reading() as connection:
        office = load_office(connection)
        now = dated(connection, request, office, shown=shown)
        session, who = find_asker(connection, token, now=now) if token else (None, None)
        jobs, ready = runs_and_ready(connection, Asker(who.id, who.post)) if who else ((), 0)
    if session and session.needs_noting:
        # Reading a page never waits for writing: if it cannot be noted now, the next page notes it.
        written_at_once(site.engine, lambda connection: note_session_used(connection, token, now=now))
    case, limited = (session.case, session.limited) if session else (None, None)
    _do_first(request, limited)
    if limited == CODE:
        who = None  # whoever has given the password alone is nobody yet
    _check_access(request, who, case)
    request.state.role = who.actor.role.value if who else Role.PETITIONER.value if case is not None else "nobody"
    return Context(
        request=request,
        site=site,
        office=office,
        now=now,
        shown=shown,
        person=who,
        petitioner_case=case,
        language=page_language(request, of_account=who.language if who else None),
        jobs=jobs,
        reports_ready=ready,
        browser=cookie_of(request, BROWSER_COOKIE) or request.state.new_browser,
        limited=limited,
    )


def page_language(request: Request, *, of_account: str | None = None) -> str:
    """What was chosen on a page, else that of the account, what the browser would rather have, and what the office has."""
    chosen = request.query_params.get("lang") or cookie_of(request, LANGUAGE_COOKIE)
    browsers = preferred_language(request.headers.get("accept-language", ""))
    return known_language(chosen or of_account or browsers or site_of(request).settings.language)


def dated(connection: Connection, request: Request, office: OfficeContext, *, shown: datetime) -> datetime:
    """What time it is for this request. A clock in doubt dates nothing: raises `ClockIsInDoubt`; what is done all the same is dated
    by what it should show."""
    if office.clock_doubted_at is None and route_of(request).method != "POST":
        return shown
    doubt = doubt_about(connection, now=shown)
    if doubt and route_of(request).dated:
        raise ClockIsInDoubt(doubt)
    return doubt.expected if doubt else shown


def route_of(request: Request) -> Route:
    method = "GET" if request.method == "HEAD" else request.method
    return ROUTES[f"{method} {request.scope['route'].path}"]


def _allowed(request: Request) -> frozenset[Role] | None:
    """The roles that the route is open to."""
    return route_of(request).who


def _do_first(request: Request, limited: str | None) -> None:
    """Leads whoever has something to do first there from every page that is not open to all."""
    if limited and _allowed(request) is not None and request.scope["route"].path not in OPEN_WHILE[limited]:
        raise MustFirst(FIRST[limited])


def _check_access(request: Request, who: Person | None, case: CaseId | None) -> None:
    allowed = _allowed(request)
    if allowed is None:
        return
    if who is None and case is None:
        raise PleaseSignIn
    role = who.actor.role if who else Role.PETITIONER
    if role not in allowed:
        raise NoSuchPage


def intake_actor(ctx: Context) -> Actor:
    """A petitioner who files: known by nothing but the form, at the unit that takes such matters in."""
    with ctx.reading() as connection:
        return Actor(account=None, role=Role.PETITIONER, unit=intake_unit(connection))


def new_browser() -> str:
    return secrets.token_urlsafe(24)


Ctx = Annotated[Context, Depends(context)]
