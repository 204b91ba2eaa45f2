"""The tracking code: found however it is typed, and not written down anywhere."""

import json

import pytest

from cases.tracking import ALPHABET, LENGTH, case_of, code_for, in_groups
from infra.db import reading
from tests.cases.records import World, new_request

#: A form whose code has both letters that are misread: found by trying, fixed here.
AMBIGUOUS = "form-1"


def test_a_code_is_long_and_spelled_in_letters_that_nobody_confuses() -> None:
    codes = {code_for(new_request()) for _ in range(200)}
    assert len(codes) == 200
    assert {len(code) for code in codes} == {LENGTH} == {24}
    assert set("".join(codes)) == set(ALPHABET)
    assert not set("ILOU") & set(ALPHABET)


def test_a_code_is_the_same_for_ever() -> None:
    """Printed receipts outlive the program's version."""
    assert in_groups(code_for("0" * 32)) == GOLDEN


GOLDEN = "AB1C-9K7Y-CSDG-YYFE-FGDC-HWES"


@pytest.mark.parametrize(
    "typed",
    [
        lambda code: code,
        lambda code: in_groups(code),
        lambda code: code.lower(),
        lambda code: " ".join(code),
        lambda code: f"  {in_groups(code).lower()}\n",
        lambda code: in_groups(code).replace("-", "－"),
        lambda code: in_groups(code).replace("-", "—"),
        lambda code: code.replace("0", "O").replace("1", "I"),
        lambda code: code.replace("0", "o").replace("1", "l"),
        lambda code: code.replace("V", "U"),
    ],
)
def test_a_code_is_found_however_it_is_typed(sqlite_world: World, typed) -> None:  # type: ignore[no-untyped-def]
    opened = sqlite_world.open(request=AMBIGUOUS)
    sqlite_world.open()
    assert set("01V") <= set(opened.code), "this code would prove nothing"
    with reading(sqlite_world.engine) as connection:
        assert case_of(connection, typed(opened.code)) == opened.case_id


@pytest.mark.parametrize("typed", ["", "0", "-" * 24, "甲乙丙丁", "0" * 24, "%", "' OR 1=1 --", "A" * 5000, "\x00"])
def test_anything_else_finds_nothing(world: World, typed: str) -> None:
    code = world.open(request=AMBIGUOUS).code
    with reading(world.engine) as connection:
        assert case_of(connection, typed) is None
        assert case_of(connection, code[:-1]) is None
        assert case_of(connection, code + "0") is None
        assert case_of(connection, code[:-1] + ("0" if code[-1] != "0" else "1")) is None


def test_the_code_stands_nowhere_in_the_database(sqlite_world: World) -> None:
    """Not in any row and not in any byte of the files, whole, in groups or in pieces of eight."""
    opened = sqlite_world.open()
    written = json.dumps(sqlite_world.everything(), default=str)
    sqlite_world.engine.dispose()
    file = sqlite_world.engine.url.database
    assert file
    with open(file, "rb") as stream:  # noqa: PTH123 -- the bytes as they lie on the disk
        raw = stream.read()
    pieces = [opened.code[i : i + 8] for i in range(LENGTH - 7)] + [in_groups(opened.code)]
    assert not [piece for piece in pieces if piece in written or piece.encode() in raw.upper()]


def test_the_code_stands_nowhere_in_the_tables_of_postgresql_either(world: World) -> None:
    opened = world.open()
    written = json.dumps(world.everything(), default=str)
    assert opened.code not in written
    assert in_groups(opened.code) not in written
