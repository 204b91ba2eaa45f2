"""The cells of the access matrix: every request that is made, and what must be answered, from three tables written by hand.

`access.txt` says which role may ask for which route, `addresses.txt` what may stand in its address and for whom that is
there, `reach.txt` who has which case, light or sheet in reach. Nothing of the program is looked at here; which routes there
are is asked of it by `test_access.py`.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Literal

HERE = Path(__file__).parent
ROLES = ("clerk", "coordinator", "mediator", "supervisor", "assessor", "auditor", "administrator")
UNITS = ("upstream", "centre", "room", "desk")
#: Whoever belongs to no unit, and the column of `access.txt` that they fall under.
OUTSIDERS = {
    "nobody": "nobody",
    "unknown": "nobody",  # a browser with a session that there never was
    "idle": "nobody",  # a petitioner who has been away for longer than a session lasts
    "left": "nobody",  # somebody whose account is closed, with a session that is not
    "party": "petitioner",  # who came with the code of the case that is `held`
    "other_party": "petitioner",  # who came with the code of the one that is `waiting`
}
#: Beside one seat of each role in each unit: a second mediator of the room, who does not serve in what the first one has.
COLLEAGUE = "colleague@room"
SEATS = (*(f"{role}@{unit}" for unit in UNITS for role in ROLES), COLLEAGUE)
ASKERS = (*OUTSIDERS, *SEATS)

#: Verdicts that are no status: there is nothing at this address; the form is not this browser's; no such method here.
NOTHING, SIGN_IN, STALE, NO_METHOD = "nothing", "sign-in", "stale", "no-method"
#: Under this programs ask, with a token and without cookies; "sign-in" is there that no good token was brought.
INTERFACE = "/api/"
#: A status that ends so is a page that looks the same for whatever is not there and whatever is not mine.
ALIKE = "="

Token = Literal["none", "own", "foreign"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Cell:
    """One request, and what must come of it. Words in <> stand for things of the office."""

    method: str
    address: str
    asker: str
    token: Token = "none"
    verdict: str

    def __str__(self) -> str:
        return f"{self.method} {self.address} by {self.asker}, token {self.token}: {self.verdict} is declared"


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One line of `addresses.txt`."""

    method: str
    address: str
    status: str
    whom: str


def column_of(asker: str) -> str:
    """The column of `access.txt` that speaks of this asker."""
    return OUTSIDERS.get(asker) or ("mediator" if asker == COLLEAGUE else asker.partition("@")[0])


@cache
def access() -> Mapping[str, Mapping[str, str]]:
    """For each route, who gets which answer."""
    lines = [line.split() for line in _lines("access.txt", comments=True)]
    columns = next(line[1:] for line in lines if line[:2] == ["#", "nobody"])
    return {
        f"{line[0]} {line[1]}": dict(zip(columns, line[2:], strict=True))
        for line in lines
        if not line[0].startswith("#")
    }


@cache
def addresses() -> Mapping[str, tuple[Line, ...]]:
    """The lines of each route, in their order. A line that fits no route of `access.txt` stands under its own words."""
    found: dict[str, list[Line]] = {route: [] for route in access()}
    for text in _lines("addresses.txt"):
        method, address, status, whom = text.split()
        line = Line(method=method, address=address, status=status, whom=whom)
        found.setdefault(_route_of(line), []).append(line)
    return {route: tuple(lines) for route, lines in found.items()}


def _route_of(line: Line) -> str:
    """The route that an address belongs to; of several, the one with the fewest places to fill."""
    path = line.address.partition("?")[0]
    fits = [route for route in access() if re.fullmatch(re.sub(r"{\w+}", "[^/]+", route), f"{line.method} {path}")]
    return min(fits, key=lambda route: route.count("{"), default=f"{line.method} {line.address}")


@cache
def _reach() -> Mapping[tuple[str, str, str], bool]:
    """Whether it is in reach, by thing, role (or `colleague`) and unit."""
    found: dict[tuple[str, str, str], bool] = {}
    for text in _lines("reach.txt"):
        things, role, *marks = text.split()
        kind, _, names = things.partition(":")
        for name in names.split(","):
            for unit, mark in zip(UNITS, marks, strict=True):
                assert (f"{kind}:{name}", role, unit) not in found, text
                found[f"{kind}:{name}", role, unit] = {"yes": True, "-": False}[mark]
    return found


def is_there_for(asker: str, whom: str) -> bool:
    if whom in ("everyone", "no-one"):
        return whom == "everyone"
    if whom in ("outside", "staff"):
        return (asker in OUTSIDERS) == (whom == "outside")
    role, _, unit = asker.partition("@")
    return _reach()[whom, role, unit]


def cells_of(route: str) -> Iterator[Cell]:
    """Every request that is made of a route: each address by each asker, each way, and once by a method it does not have."""
    method, template = route.split()
    for address in dict.fromkeys(line.address for line in addresses()[route]):
        for asker in ASKERS:
            if method == "GET":
                yield from (
                    Cell(method=how, address=address, asker=asker, verdict=_verdict(route, address, asker))
                    for how in ("GET", "HEAD")
                )
            else:
                yield from (
                    Cell(method="POST", address=address, asker=asker, token=token, verdict=verdict)
                    for token, verdict in _posts(route, address, asker)
                )
    yield from _other_methods(route, method, template)


def _verdict(route: str, address: str, asker: str) -> str:
    may_ask = access()[route][column_of(asker)]
    if may_ask != "yes":
        return {"sign-in": SIGN_IN, "404": NOTHING}[may_ask]
    fitting = (line for line in addresses()[route] if line.address == address and is_there_for(asker, line.whom))
    return next((line.status for line in fitting), NOTHING)


def _posts(route: str, address: str, asker: str) -> Iterator[tuple[Token, str]]:
    """Whoever may ask is asked for the form's token before anything is looked up; whoever may not, is told nothing of it. Of a
    program the token says who asks, and without it or with another nobody does."""
    yield "own", _verdict(route, address, asker)
    if is_of_interface(address):
        yield from (("none", SIGN_IN), ("foreign", SIGN_IN))
        return
    refused = access()[route][column_of(asker)]
    without = STALE if refused == "yes" else {"sign-in": SIGN_IN, "404": NOTHING}[refused]
    yield "none", without
    yield "foreign", without


def is_of_interface(address: str) -> bool:
    return address.startswith(INTERFACE)


def _other_methods(route: str, method: str, template: str) -> Iterator[Cell]:
    """A method that no route has at this path is refused to everyone alike, before anybody asks who it is."""
    others = {"GET": ("POST",), "POST": ("GET", "HEAD")}[method]
    if f"{others[0]} {template}" in access():
        return
    address = next((line.address for line in addresses()[route]), template)
    for asker in ASKERS:
        for other in others:
            token: Token = "own" if other == "POST" else "none"
            yield Cell(method=other, address=address, asker=asker, token=token, verdict=NO_METHOD)


def _lines(name: str, *, comments: bool = False) -> Iterator[str]:
    for line in (HERE / name).read_text("utf-8").splitlines():
        if line.strip() and (comments or not line.startswith("#")):
            yield line
