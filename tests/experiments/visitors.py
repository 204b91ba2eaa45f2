"""Who asks: somebody of each role, a petitioner, and nobody; with the pages and forms that a browser would find as them."""

import secrets
from contextlib import closing
from dataclasses import dataclass, field
from datetime import UTC, datetime
from http.client import HTTPConnection
from urllib.parse import urlsplit

from infra.db import transaction
from people.signin import begin_session
from people.staffing import reopen_account
from tests.databases import SEATS
from tests.experiments.offices import Matters
from tests.web.reading import PageForm, read
from web.access import ROUTES
from web.context import BROWSER_COOKIE, SESSION_COOKIE
from workflow.model import CaseId

MOST_PAGES = 60
#: Forms that every page has and that end a session: whoever sends them sees nothing afterwards.
ENDS = ("/signout", "/track/leave")
NOBODY, PETITIONER = "nobody", "petitioner"
#: Each role once; the others of the office do nothing that these do not.
WHO = ("clerk", "coordinator", "mediator", "supervisor", "assessor", "auditor", "administrator", PETITIONER, NOBODY)


@dataclass(slots=True, kw_only=True)
class Visitor:
    """A browser that has looked around."""

    name: str
    cookies: dict[str, str]
    pages: list[str] = field(default_factory=list)
    forms: list[PageForm] = field(default_factory=list)

    @property
    def cookie(self) -> str:
        return "; ".join(f"{name}={value}" for name, value in self.cookies.items())


def visitors(matters: Matters, port: int) -> list[Visitor]:
    """Signed in anew, on accounts that are open, and with what the program shows each of them."""
    found = [_signed_in(matters, name) for name in WHO]
    for visitor in found:
        _look_around(visitor, port)
    return found


def _signed_in(matters: Matters, name: str) -> Visitor:
    cookies, now, office = {BROWSER_COOKIE: secrets.token_urlsafe(24)}, datetime.now(UTC), matters.office
    with transaction(office.engine) as connection:
        if name in SEATS:
            reopen_account(connection, office.accounts[name], now=now)
            cookies[SESSION_COOKIE] = begin_session(connection, account=office.accounts[name], now=now)
        elif name == PETITIONER:
            cookies[SESSION_COOKIE] = begin_session(connection, case=CaseId(matters.cases[0]), now=now)
    return Visitor(name=name, cookies=cookies)


def _look_around(visitor: Visitor, port: int) -> None:
    """From the pages without a name of their own along every link, breadth first."""
    waiting = [route.path for route in ROUTES.values() if route.method == "GET" and "{" not in route.path]
    seen: set[str] = set()
    with closing(HTTPConnection("127.0.0.1", port, timeout=120)) as connection:
        while waiting and len(visitor.pages) < MOST_PAGES:
            address = waiting.pop(0)
            if address in seen:
                continue
            seen.add(address)
            connection.request("GET", address, headers={"Cookie": visitor.cookie})
            answer = connection.getresponse()
            body = answer.read()
            if answer.status != 200:
                continue
            visitor.pages.append(address)
            if "text/html" in answer.headers["content-type"]:
                page = read(body.decode())
                known = {(form.action, *form.names) for form in visitor.forms}
                visitor.forms += [
                    form for form in page.forms if form.action not in ENDS and (form.action, *form.names) not in known
                ]
                waiting += [_inside(link, address) for link in page.links if not urlsplit(link).netloc]


def _inside(link: str, address: str) -> str:
    """A link of the page as an address of the program."""
    target = link.partition("#")[0]
    return address.partition("?")[0] + target if target.startswith("?") else target or address
