"""`docs/security.md` tells of forty abuses, and every test and file that it names is there."""

import ast
import re
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "security.md").read_text("utf-8")
STATES = ("held", "partly", "no")
#: In code marks: a test by its file and name; a file or folder of this tree.
TEST = re.compile(r"tests/[\w/]+\.py::test_\w+")
PLACE = re.compile(r"(?:[\w.-]+/)+(?:[\w-]+\.\w+)?|[\w-]+\.(?:md|txt|toml|json)")


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """A row of the table of abuses, cell by cell; `tests` as they are named."""

    number: int
    abuse: str
    state: str
    tests: tuple[str, ...]
    open_part: str


def rows(page: str) -> list[Row]:
    """The rows whose first cell is a number."""
    cells = [[cell.strip() for cell in line.split("|")[1:-1]] for line in page.splitlines() if re.match(r"\| \d", line)]
    return [
        Row(
            number=int(number), abuse=abuse, state=state, tests=tuple(re.findall("`(.+?)`", tests)), open_part=open_part
        )
        for number, abuse, state, tests, open_part in cells
    ]


@cache
def known_tests() -> frozenset[str]:
    """Every test function below `tests/`, as the page names it."""
    return frozenset(
        f"{path.relative_to(ROOT).as_posix()}::{node.name}"
        for path in (ROOT / "tests").rglob("test_*.py")
        for node in ast.walk(ast.parse(path.read_text("utf-8")))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and node.name.startswith("test_")
    )


def faults(page: str, known: frozenset[str]) -> list[str]:
    """What is wrong with the table: a number that is missing or twice, a test that there is not, a state that its cells do
    not bear out."""
    found = rows(page)
    numbers = [row.number for row in found]
    wrong = [] if numbers == list(range(1, 41)) else [f"the numbers are {numbers}"]
    for row in found:
        wrong += [f"{row.number}: there is no {name}" for name in row.tests if name not in known]
        if row.state not in STATES:
            wrong.append(f"{row.number}: {row.state!r} is no state")
        if (row.state == "no") == bool(row.tests):
            wrong.append(f"{row.number}: {row.state}, with {len(row.tests)} tests")
        if row.state != "held" and not row.open_part:
            wrong.append(f"{row.number}: {row.state}, and nothing said of what is open")
    return wrong


def test_forty_abuses_are_told_and_every_test_that_holds_one_is_there() -> None:
    assert faults(PAGE, known_tests()) == []


def test_every_test_that_is_named_anywhere_on_the_page_is_named_in_full() -> None:
    """Otherwise a name in another spelling would be looked up by nobody."""
    assert [name for name in re.findall("`([^`]*::[^`]*)`", PAGE) if not TEST.fullmatch(name)] == []
    assert sorted(name for row in rows(PAGE) for name in row.tests) == sorted(TEST.findall(PAGE))


def test_every_file_that_the_page_names_is_there() -> None:
    named = set(re.findall("`([^`]+)`", PAGE)) - set(TEST.findall(PAGE))
    places = {name for name in named if PLACE.fullmatch(name)}
    assert "cases/visibility.py" in places
    assert sorted(name for name in places if not (ROOT / name).exists()) == []
    links = re.findall(r"\]\(([^)]+)\)", PAGE)
    assert links
    assert [link for link in links if not (ROOT / "docs" / link).is_file()] == []


@pytest.mark.parametrize(
    ("before", "after", "fault"),
    [
        ("::test_a_server_that_is_down_loses_nothing`", "::test_a_server_that_is_up`", "27: there is no tests/notif"),
        ("tests/faults/test_tamper.py::", "tests/faults/test_kill.py::", "3: there is no tests/faults/test_kill.py::"),
        ("| 17 |", "| 16 |", "the numbers are "),
        ("| 40 |", "| 41 |", "the numbers are "),
        ("| held |", "| surely |", "'surely' is no state"),
        ("| held |", "| no |", "no, with "),
    ],
)
def test_a_table_that_is_wrong_is_found_out(before: str, after: str, fault: str) -> None:
    assert before in PAGE
    found = faults(PAGE.replace(before, after), known_tests())
    assert any(fault in one for one in found)


def test_what_is_partly_held_says_what_is_open_and_what_is_held_names_a_test() -> None:
    row = "| 1 | Somebody does something. | {} | {} |  |"
    for state, named in (("partly", "`tests/a.py::test_b`"), ("held", "")):
        assert any(
            one.startswith(f"1: {state}, ")
            for one in faults(row.format(state, named), frozenset({"tests/a.py::test_b"}))
        )
