"""Every route, asked by everybody, for everything that may stand in its address, in every way: exactly as it is declared.

The tables are `access.txt`, `addresses.txt` and `reach.txt`; `cells.py` makes the requests of them. What does not exist and
what is not the asker's is one and the same answer: status, headers and body, to the byte. Nothing of it is random, so nothing
is left out of the comparison: each asker's browser brings its own value, and no answer has to give it one. Where the page
of something else says that there is no such thing, the word that was asked for and the session's form token are left out.
"""

import re
import secrets
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from tests.databases import SmallOffice
from tests.web.asking import Answer
from tests.web.cells import (
    ALIKE,
    INTERFACE,
    NO_METHOD,
    NOTHING,
    SIGN_IN,
    STALE,
    Cell,
    access,
    addresses,
    cells_of,
    is_of_interface,
)
from tests.web.seated import Seated, seated
from web.access import ROUTES

#: So many requests at least. Whoever adds a page raises it; nobody lowers it without saying why.
LEAST = 33_280
#: What a program sends that says nothing of its own, and a token that there never was.
SAID, NO_TOKEN = {"version": 0, "fields": {}}, "huiyin_" + "0" * 64
#: Routes that begin or end a session: the asker comes to each with a new one, and keeps the one they ask the others with.
OF_SESSIONS = {"POST /signin", "POST /signin/link/{token}", "POST /signout", "POST /track", "POST /track/leave"}


@pytest.fixture(scope="module")
def office_with_everybody(
    office_template: tuple[Path, SmallOffice], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Seated]:
    with seated(*office_template, tmp_path_factory.mktemp("matrix")) as made:
        yield made


def test_every_route_has_addresses_and_every_line_a_route() -> None:
    unknown = set(addresses()) - set(ROUTES)
    assert not unknown, f"no route has this address: {sorted(unknown)}"
    bare = [route for route in ROUTES if not addresses().get(route)]
    assert not bare, (
        f"add to addresses.txt for {bare}: an address, the status it is answered with, and for whom it is there"
        " (access.txt says which roles may ask, reach.txt who has the thing in reach)"
    )


def test_every_route_with_something_in_its_address_is_asked_for_what_is_not_there() -> None:
    named = [route for route in ROUTES if "{" in route]
    untried = [
        route
        for route in named
        if not any(line.whom == "no-one" or ALIKE in line.status for line in addresses()[route])
    ]
    # Whatever format somebody asks for, the page comes back with the choice. What is removed or ended for the second time is
    # gone, and so is what was never there: whose deputy can be ended by whom is in test_posts.py.
    assert sorted(untried) == [
        "POST /account/deputies/{deputy}/end", "POST /account/webhooks/{hook}/end", "POST /closures/{kind}", "POST /deputies/{deputy}/end",
        "POST /reports/{public_id}/remove",
    ]  # fmt: skip
    assert all(any(line.whom != "no-one" for line in addresses()[route]) for route in ROUTES), "and for what is there"


def test_the_matrix_is_not_smaller_than_it_was() -> None:
    assert sum(1 for route in access() for _ in cells_of(route)) >= LEAST


@pytest.mark.parametrize("route", access())
@pytest.mark.usefixtures("fast_passwords")
def test_every_cell_of_the_matrix_is_answered_as_declared(route: str, office_with_everybody: Seated) -> None:
    seats, pages = office_with_everybody, dict[tuple[str, ...], Answer]()
    wrong = []
    for cell in cells_of(route):
        answer = _asked(seats, cell, route)
        got = _verdict(seats, cell, answer)
        if got.rstrip(ALIKE) != cell.verdict.rstrip(ALIKE):
            wrong.append(f"{cell}: {got}")
        elif cell.verdict.endswith(ALIKE):
            alike = _without_the_word(seats, cell, answer)
            if pages.setdefault((cell.asker, cell.method, cell.verdict), alike) != alike:
                wrong.append(f"{cell}: another page than for what does not exist")
    assert wrong == []


def _asked(seats: Seated, cell: Cell, route: str) -> Answer:
    if is_of_interface(cell.address):
        return _asked_by_program(seats, cell)
    cookies = seats.with_new_session(cell.asker) if route in OF_SESSIONS else seats.cookies[cell.asker]
    form = None
    if cell.method == "POST":
        # A form of ours with no field of its own: nobody is let in further than the question who asks.
        form = {"form_id": secrets.token_hex(16), "version": "0"}
        if cell.token != "none":
            form["form_token"] = seats.tokens[cell.asker if cell.token == "own" else _another(cell.asker)]
    return seats.ask(cell.method, seats.address(cell.address, cell.asker), cookies=cookies, form=form)


def _asked_by_program(seats: Seated, cell: Cell) -> Answer:
    """With the token of the asker's account; with a wrong one; or with none and the session of the asker's browser, which opens
    nothing here."""
    own, is_post = seats.bearers.get(cell.asker, ""), cell.method == "POST"
    token = {"own": own, "foreign": NO_TOKEN, "none": "" if is_post else own}[cell.token]
    return seats.ask.by_program(
        cell.method, seats.address(cell.address, cell.asker), token=token, said=SAID if is_post else None,
        cookies=seats.cookies[cell.asker],
    )  # fmt: skip


def _another(asker: str) -> str:
    return "party" if asker != "party" else "nobody"


def _verdict(seats: Seated, cell: Cell, answer: Answer) -> str:
    """The status; or the word for an answer that is to the byte the same whatever was asked for."""
    signs_in = answer.header("location") == "/signin" or (is_of_interface(cell.address) and answer.status == 401)
    word = SIGN_IN if signs_in else {403: STALE, 404: NOTHING, 405: NO_METHOD}.get(answer.status, "")
    if not word or answer.without("allow") != _reference(seats, cell, word, answer.without("allow")):
        return str(answer.status)
    return word


def _reference(seats: Seated, cell: Cell, word: str, answer: Answer) -> Answer:
    """What this asker gets for an address that nobody ever had; of the other words, what they got the first time."""
    by_program = is_of_interface(cell.address)
    asked = (
        cell.asker,
        cell.method,
        word,
        *((INTERFACE, *([cell.token] if word == SIGN_IN else [])) if by_program else ()),
    )
    if word == NOTHING and asked not in seats.same:
        if by_program:
            nowhere = replace(cell, address=f"{INTERFACE}v1/no/such/thing", token="own")
            seats.same[asked] = _asked_by_program(seats, nowhere)
        else:
            form = {} if cell.method == "POST" else None
            seats.same[asked] = seats.ask(cell.method, "/no/such/page", cookies=seats.cookies[cell.asker], form=form)
    return seats.same.setdefault(asked, answer)


def _without_the_word(seats: Seated, cell: Cell, answer: Answer) -> Answer:
    """The page without what was asked for, which it repeats, the length that this gives it, and the token of the session."""
    body = re.sub(rb'name="form_token" value="[0-9a-f]+"', b"", answer.body)
    for part in re.findall(r"<\w+>", cell.address):
        body = body.replace(seats.address(part, cell.asker).encode(), b"")
    return replace(answer.without("content-length"), body=body)
