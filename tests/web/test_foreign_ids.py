"""Matters of another unit, asked for at every address that takes one, by everybody who may not see them: to the byte what is
answered for a matter that nobody ever had. `HUIYIN_FOREIGN_IDS` asks for more of them than the suite does.
"""

import os
import re
import secrets
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from tests.databases import SmallOffice, step
from tests.web.asking import Answer
from tests.web.seated import Seated, seated
from web.access import ROUTES

MATTERS = int(os.environ.get("HUIYIN_FOREIGN_IDS", "20"))
READERS = ("clerk@desk", "coordinator@desk", "mediator@desk", "supervisor@desk", "other_party")
#: What stands where in an address, beside the matter.
PARTS = {"command": "AddNote", "number": "1"}
#: Addresses that take a matter in their question.
ASKED = ("/find?q={0}", "/intake?beside={0}", "/at-once/Acknowledge?cases={0}", "/act-as?to=/cases/{0}")


@pytest.fixture(scope="module")
def seats(
    office_template: tuple[Path, SmallOffice], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Seated]:  # fmt: skip
    with seated(*office_template, tmp_path_factory.mktemp("foreign")) as made:
        yield made


def addresses() -> list[tuple[str, str]]:
    """Every route with a matter in it, as the application has them, with the method that it is asked by."""
    named = [(route.method, route.path) for route in ROUTES.values() if "{public_id}" in route.path]
    filled = [(method, re.sub(r"\{(\w+)\}", lambda m: PARTS.get(m[1], "{0}"), path)) for method, path in named]
    return [*filled, *(("GET", address) for address in ASKED)]


def asked(seats: Seated, reader: str, method: str, address: str, matter: str) -> Answer:
    form = None
    if method == "POST":
        form = {"form_token": seats.tokens[reader], "form_id": secrets.token_hex(16), "version": "0"}
    answer = seats.ask(method, address.format(matter), cookies=seats.cookies[reader], form=form)
    body = re.sub(rb'name="form_(token|id)" value="[0-9a-f]+"', b"", answer.body).replace(matter.encode(), b"")
    return replace(answer.without("content-length"), body=body)


def test_a_matter_of_others_is_answered_like_one_that_nobody_ever_had(seats: Seated) -> None:
    office, asked_for, leaks = seats.site.office, 0, []
    words = {"statement": "难。", "applicant": "白某"}
    matters = [
        office.tell("petition", step("2026-03-02T09:00", "clerk", "Register", title=f"别处的事{n}", **words)).public_id
        for n in range(MATTERS)
    ]
    assert len(addresses()) > 10
    seen = asked(seats, "clerk@centre", "GET", "/cases/{0}", matters[0])
    assert seen.status == 200, "it is there, and for whoever holds it"
    for reader in READERS:
        for method, address in addresses():
            nobodys = asked(seats, reader, method, address, secrets.token_hex(16))
            for matter in matters:
                asked_for += 1
                if asked(seats, reader, method, address, matter) != nobodys:
                    leaks.append((reader, method, address))
    print(f"{asked_for} requests for matters of others")
    assert leaks == []
    assert asked_for == len(READERS) * len(addresses()) * MATTERS
