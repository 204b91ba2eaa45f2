"""Rules about the source itself, read from its syntax trees: where time enters, who commits, who writes and reads cases.

Layers of imports are the import linter's (`pyproject.toml`). Each exception here carries its reason; an exception that
is no longer needed fails too.
"""

import ast
import re
import sys
from collections.abc import Callable, Iterator, Mapping
from fnmatch import fnmatch
from functools import cache
from pathlib import Path

import pytest

from gates.packages import packages

ROOT = Path(__file__).resolve().parents[2]
PACKAGES = packages()
CHINESE = re.compile("[㐀-鿿]")

Finder = Callable[[ast.Module], Iterator[int]]


@cache
def program() -> Mapping[str, ast.Module]:
    """Every module of the program by its path. Migrations that have run are history and are read with the rest."""
    paths = [path for package in PACKAGES for path in sorted((ROOT / package).rglob("*.py"))]
    return {path.relative_to(ROOT).as_posix(): ast.parse(path.read_text("utf-8")) for path in paths}


def found_in(finder: Finder, *, below: str = "") -> set[str]:
    """The modules in which a finder finds anything."""
    return {name for name, tree in program().items() if name.startswith(below) and next(finder(tree), None)}


def lines_of(finder: Finder, source: str) -> list[int]:
    return list(finder(ast.parse(source)))


@cache
def nodes(tree: ast.Module) -> tuple[ast.AST, ...]:
    """Every node of a module, walked once for all rules."""
    return tuple(ast.walk(tree))


def calls(tree: ast.Module) -> Iterator[ast.Call]:
    return (node for node in nodes(tree) if isinstance(node, ast.Call))


def name_of(node: ast.expr) -> str:
    """`datetime.now` for an attribute of a name, `select` for a name, the last part of anything longer."""
    match node:
        case ast.Name(id=name):
            return name
        case ast.Attribute(value=ast.Name(id=owner), attr=name):
            return f"{owner}.{name}"
        case ast.Attribute(attr=name):
            return f".{name}"
    return ""


# -- time -------------------------------------------------------------------------------------------------------------

READS_OF_A_CLOCK = ("now", "utcnow", "today", "localtime", "gmtime", "time_ns")


def clock_reads(tree: ast.Module) -> Iterator[int]:
    """Calls of datetime.now, date.today, time.time and their kin, under whatever name the module has them."""
    from_time = {
        alias.asname or alias.name
        for node in nodes(tree)
        if isinstance(node, ast.ImportFrom) and node.module == "time"
        for alias in node.names
    }
    for call in calls(tree):
        name = name_of(call.func)
        if name.rpartition(".")[2] in READS_OF_A_CLOCK or name == "time.time" or name in from_time:
            yield call.lineno


@pytest.mark.parametrize(
    "source",
    [
        "datetime.now(UTC)",
        "datetime.datetime.utcnow()",
        "dt.now()",
        "date.today()",
        "import time\ntime.time()",
        "from time import time\ntime()",
        "from time import monotonic as m\nm()",
    ],
)
def test_every_way_of_reading_the_clock_is_recognised(source: str) -> None:
    assert lines_of(clock_reads, source)


def test_a_parameter_called_now_is_no_reading() -> None:
    assert not lines_of(clock_reads, "f(now=now, at=context.now)\nclock.time\n")


def test_the_rules_never_read_the_clock() -> None:
    assert found_in(clock_reads, below="workflow/") == set()


def test_time_enters_the_program_at_three_edges_only() -> None:
    # A migration is started by whoever starts the program, and takes no argument.
    edges = {"web/context.py", "ops/timers.py", "cli/clock.py"}
    # Asks the database server for its time, to hold ours against it; figures of ages are for machines that watch.
    held_against = {"cases/clock_watch.py", "ops/figures.py"}
    migrating = {"migrations/__init__.py", "migrations/versions/0002_policy_versions.py"}
    assert found_in(clock_reads) == {*edges, *held_against, *migrating}


# -- what the rules import --------------------------------------------------------------------------------------------

#: Everything of the standard library that a pure rule has a use for; no files, no chance, no processes. `csv`, `io` and
#: `json` read the text of a notice that somebody else has fetched.
PURE = {
    "bisect", "collections", "csv", "dataclasses", "datetime", "decimal", "difflib", "enum", "fractions", "functools", "hashlib", "io",
    "itertools",
    "json", "operator", "re", "tomllib", "types", "typing", "unicodedata", "zoneinfo",
}  # fmt: skip


def imports(tree: ast.Module) -> Iterator[str]:
    for node in nodes(tree):
        match node:
            case ast.Import(names=names):
                yield from (alias.name.partition(".")[0] for alias in names)
            case ast.ImportFrom(module=str(module)):
                yield module.partition(".")[0]


def test_the_rules_import_nothing_that_could_touch_the_world() -> None:
    used = {module for name, tree in program().items() if name.startswith("workflow/") for module in imports(tree)}
    assert used & set(sys.stdlib_module_names) <= PURE
    assert used - set(sys.stdlib_module_names) == {"workflow", "annotated_types", "pydantic", "transitions"}


def test_only_the_table_and_its_picture_know_the_library_of_state_machines() -> None:
    known = {name for name, tree in program().items() if "transitions" in imports(tree)}
    assert known == {"workflow/procedure.py", "workflow/picture.py"}


# -- transactions -----------------------------------------------------------------------------------------------------


def commits(tree: ast.Module) -> Iterator[int]:
    """`.commit()`, a COMMIT in SQL, and `engine.begin()`, whose block commits when it ends."""
    for node in nodes(tree):
        match node:
            case ast.Call(func=ast.Attribute(attr="commit" | "commit_prepared")):
                yield node.lineno
            case ast.Call(func=ast.Attribute(attr="begin"), args=[]):
                yield node.lineno
            case ast.Constant(value=str(text)) if re.match(r"\s*commit\b\s*;?\s*$", text, re.IGNORECASE):
                yield node.lineno


@pytest.mark.parametrize("source", ["connection.commit()", "with engine.begin() as c: pass", "run('COMMIT')"])
def test_every_way_of_committing_is_recognised(source: str) -> None:
    assert lines_of(commits, source)


def test_only_one_module_commits() -> None:
    assert found_in(commits) == {"infra/db.py"}


# -- who writes cases -------------------------------------------------------------------------------------------------


def writes_of_cases(tree: ast.Module) -> Iterator[int]:
    """`insert(Case)`, `update(tables.Case)`, `Case.__table__.update()`, and the same in SQL."""
    for node in nodes(tree):
        match node:
            case ast.Call(func=ast.Name(id="insert" | "update" | "delete"), args=[kind, *_]) if _is_case(kind):
                yield node.lineno
            case ast.Call(func=ast.Attribute(value=kind, attr="insert" | "update" | "delete")) if _is_case(kind):
                yield node.lineno
            case ast.Constant(value=str(text)) if re.search(
                r"\b(insert\s+into|update|delete\s+from)\s+\"?cases\b", text, re.IGNORECASE
            ):
                yield node.lineno


def _is_case(node: ast.expr) -> bool:
    match node:
        case ast.Attribute(value=inner, attr="__table__"):
            return _is_case(inner)
    return name_of(node).rpartition(".")[2] == "Case"


@pytest.mark.parametrize(
    "source",
    [
        "insert(Case)",
        "update(tables.Case).where(x)",
        "delete(Case)",
        "Case.__table__.update()",
        "text('UPDATE cases SET state = 1')",
    ],
)
def test_every_way_of_writing_a_case_is_recognised(source: str) -> None:
    assert lines_of(writes_of_cases, source)


def test_only_three_modules_write_the_row_of_a_case() -> None:
    # `execute` inserts the row when a case is opened, `apply` changes it ever after; `moving` sets the next date of cases
    # whose clocks a published policy moves, and never their state.
    assert found_in(writes_of_cases) == {"cases/execute.py", "cases/apply.py", "cases/moving.py"}


# -- who reads cases and texts ----------------------------------------------------------------------------------------

GUARDED = ("Case", "PersonalText")

#: Modules other than `cases/visibility.py` that start a select of cases or of texts, and why each may.
MAY_SELECT = {
    "cases/facts.py": "the prepared form of `visible_cases` for one case, under the same condition `in_reach`",
    "cases/planning.py": "the dry run: every running clock, whoever may see its case; an administrator reads no names",
    "cases/sweep.py": "the timers: who held the case when a light lit; nobody reads the result",
    "stories/story.py": "a simulation looks up the parties that the story itself has just named",
}


def selects_of_cases(tree: ast.Module) -> Iterator[int]:
    """`select(...)` whose chain mentions Case, PersonalText or a name that stands for their columns; the same in SQL."""
    guarded = {*GUARDED, *_aliases(tree)}
    selects = [call for call in calls(tree) if name_of(call.func).rpartition(".")[2] == "select"]
    parents = {child: node for node in nodes(tree) for child in ast.iter_child_nodes(node)} if selects else {}
    for call in selects:
        if _mentioned(_chain(call, parents)) & guarded:
            yield call.lineno
    for node in nodes(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and _reads_in_sql(node.value):
            yield node.lineno


def _reads_in_sql(text: str) -> bool:
    return bool(re.search(r"\bselect\b.*\b(from|join)\s+\"?(cases|personal_text)\b", text, re.IGNORECASE | re.DOTALL))


def _aliases(tree: ast.Module) -> set[str]:
    """Names that are assigned something of a guarded table, at any level, and the columns that `visibility` exports."""
    found = {
        alias.asname or alias.name
        for node in nodes(tree)
        if isinstance(node, ast.ImportFrom) and node.module == "cases.visibility"
        for alias in node.names
        if alias.name == "case"
    }
    for node in nodes(tree):
        if not isinstance(node, ast.Assign):
            continue
        for target in node.targets:
            pairs = (
                zip(target.elts, node.value.elts, strict=False)
                if isinstance(target, ast.Tuple) and isinstance(node.value, ast.Tuple)
                else [(target, node.value)]
            )
            found |= {
                name.id for name, value in pairs if isinstance(name, ast.Name) and _mentioned(value) & set(GUARDED)
            }
    return found


def _chain(call: ast.Call, parents: Mapping[ast.AST, ast.AST]) -> ast.AST:
    """The whole expression of which the select is the start: select(...).join_from(...).where(...)."""
    node: ast.AST = call
    while isinstance(parent := parents.get(node), ast.Attribute) and isinstance(parents.get(parent), ast.Call):
        node = parents[parent]
    return node


def _mentioned(tree: ast.AST) -> set[str]:
    inside = tuple(ast.walk(tree))
    names = {node.id for node in inside if isinstance(node, ast.Name)}
    return names | {node.attr for node in inside if isinstance(node, ast.Attribute) and node.attr in GUARDED}


@pytest.mark.parametrize(
    "source",
    [
        "select(Case)",
        "select(tables.Case).where(x)",
        "_case = tables.Case.__table__.c\nselect(_clock.id, _case.state)",
        "party, text = Party.__table__.c, PersonalText.__table__.c\nselect(text.content)",
        "from cases.visibility import case\nselect(func.count()).where(case.state == 1)",
        "select(_clock.id).join_from(Clock, Case, x)",
        "connection.exec_driver_sql('SELECT content FROM personal_text')",
    ],
)
def test_every_way_of_selecting_cases_or_texts_is_recognised(source: str) -> None:
    assert lines_of(selects_of_cases, source)


def test_a_select_that_starts_in_visibility_is_not_taken_for_one_of_its_own() -> None:
    source = "from cases.visibility import case, visible_cases\nvisible_cases(actor, case.id).join_from(Case, Clock)"
    assert not lines_of(selects_of_cases, source)
    assert not lines_of(selects_of_cases, "case = Case.__table__.c\nselect(_unit.id)")


def test_only_visibility_starts_a_select_of_cases_or_texts() -> None:
    assert found_in(selects_of_cases) == {"cases/visibility.py", *MAY_SELECT}


# -- words ------------------------------------------------------------------------------------------------------------

#: Modules with Chinese words in their strings (the name may be a pattern), and why each may. Whatever else people read is in `templates/`.
MAY_SPEAK = {
    "cases/numbers.py": "the form of a case number: （2026）滨园人调字第31号",
    "infra/i18n.py": "how a day is written in Chinese: a pattern of the CLDR, no sentence",
    "cli/main.py": "help and answers of the command line, in both languages at once",
    "cli/printing.py": "the same: help of an option that many commands have",
    "cli/anchoring.py": "the same: help and answers of `huiyin anchor` and `huiyin pack`",
    "cli/as_of.py": "the same: help of `huiyin as-of`",
    "cli/database.py": "the same: help and answers of `huiyin database`",
    "cli/assessing.py": "the same: help and answers of `huiyin assess` and `huiyin scheme`",
    "cli/deadline.py": "the same: help of `huiyin deadline`",
    "cli/finding.py": "the same: help and answers of `huiyin index`",
    "cli/exporting.py": "the same: help of `huiyin export`",
    "cli/policies.py": "the same: help of `huiyin policy`",
    "cli/safe_keeping.py": "the same: help of `huiyin backup`, `backup-key` and `restore`",
    "cli/rescue.py": "the same: help of `huiyin rescue`",
    "cli/signs.py": "the same: help of `huiyin assess signs`",
    "cli/statistics.py": "the same: help of `huiyin serials` and `huiyin bulletin`",
    "gates/bpmn_model.py": "what drawings of procedures say themselves: documentation, shown by no page",
    "reports/files/sheets.py": "what a spreadsheet takes for a day or a time: read, never shown",
    "workflow/notice_*.py": "the words by which a notice's sentences say so: read, never shown",
    "workflow/notices.py": "the words by which a notice's table says off and worked: read, never shown",
    "infra/terms.py": "signs that Chinese names and telephone numbers are written with: read, never shown",
    "gates/official_pages.py": "the headings of pages in docs/procedures: documentation, shown by no page of the program",
    "ops/serving.py": "what the command line says when a server starts",
    "ops/founding.py": "names given to the units of a new office",
    "stories/story.py": "the name of the simulated office",
    "api/examples.py": "the invented matters of the examples for whoever writes a program",
    "demo/*.py": "the invented cases of the demo office",
}


def chinese_words(tree: ast.Module) -> Iterator[int]:
    """Strings with Chinese characters that are not docstrings."""
    remarks = {
        id(node.body[0].value)
        for node in nodes(tree)
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef)
        and node.body
        and isinstance(node.body[0], ast.Expr)
    }
    for node in nodes(tree):
        match node:
            case ast.Constant(value=str(text)) if id(node) not in remarks and CHINESE.search(text):
                yield node.lineno


def test_a_docstring_may_name_things_in_chinese_and_another_string_may_not() -> None:
    assert not lines_of(chinese_words, '"""信访"""\ndef f():\n    """答复"""\n')
    assert lines_of(chinese_words, 'def f():\n    """答复"""\n    return "答复"\n') == [3]
    assert lines_of(chinese_words, 'x = f"第{n}号"\n')


def test_words_that_people_read_are_in_the_templates_and_catalogues() -> None:
    speaking = found_in(chinese_words)
    assert {name for name in speaking if not any(fnmatch(name, known) for known in MAY_SPEAK)} == set()
    assert {known for known in MAY_SPEAK if not any(fnmatch(name, known) for name in speaking)} == set()
