"""`docs/adding-a-procedure.md`, done: what stands there is applied to a copy of the program, which then has a third procedure."""

import json
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "adding-a-procedure.md").read_text("utf-8")
OWN = ("workflow/procedures/lost_property/", "templates/procedures/lost_property/")
CATALOGUES = "templates/locales/"
#: Written by the two commands that the page names.
WRITTEN = ("docs/procedures/lost_property/", "tests/workflow/matrix_lost_property.txt")
MOST_PLACES = 8
LEFT_OUT = shutil.ignore_patterns(".git", ".venv", ".browsers", ".*_cache", "data", "*.db*")
STORY = "tests/stories/lost-umbrella.json"


def patches() -> Iterator[tuple[str, list[str]]]:
    """Of each file that the page changes or adds: its name, and the hunks."""
    for block in re.findall(r"^```diff\n(.*?)^```$", PAGE, re.M | re.S):
        for patch in re.split(r"^(?=--- )", block, flags=re.M):
            if patch:
                name = re.search(r"^\+\+\+ b/(.+)$", patch, re.M)
                assert name, patch
                yield name[1], re.split(r"^@@.*\n", patch, flags=re.M)[1:]


def patched(text: str, hunk: str) -> str:
    """The text with one hunk applied, where its lines stand and nowhere else."""
    lines = hunk.splitlines(keepends=True)
    before = "".join(line[1:] for line in lines if line[0] in " -")
    after = "".join(line[1:] for line in lines if line[0] in " +")
    assert not before or text.count(before) == 1, f"not found once:\n{before}"
    return text.replace(before, after, 1) if before else after


def words() -> list[tuple[str, str, str]]:
    """The rows of the table: code, Chinese, English."""
    rows = re.findall(r"^\| `([\w.: §]+)` \| (.+) \| (.+) \|$", PAGE, re.M)
    assert len(rows) > 30, "the table of words is not read"
    return rows


@pytest.fixture(scope="module")
def copy(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The program with what the page says done to it, by hand and by the two commands."""
    made = tmp_path_factory.mktemp("third") / "huiyin"
    shutil.copytree(ROOT, made, ignore=LEFT_OUT)
    for name, hunks in patches():
        path = made / name
        path.parent.mkdir(parents=True, exist_ok=True)
        text = path.read_text("utf-8") if path.exists() else ""
        for hunk in hunks:
            text = patched(text, hunk)
        path.write_text(text, "utf-8")
    for language, column in (("zh_CN", 1), ("en", 2)):
        catalogue = made / CATALOGUES / language / "LC_MESSAGES" / "huiyin.po"
        entries = "".join(
            f'\nmsgid "{row[0]}"\nmsgstr {json.dumps(row[column], ensure_ascii=False)}\n' for row in words()
        )
        catalogue.write_text(catalogue.read_text("utf-8") + entries, "utf-8")
    for command in ("gates.diagrams", "tests.workflow.matrix"):
        run(made, "-m", command)
    return made


def run(where: Path, *arguments: str) -> str:
    done = subprocess.run([sys.executable, *arguments], cwd=where, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_it_touches_at_most_eight_places_beside_its_own(capsys: pytest.CaptureFixture[str]) -> None:
    places = [name for name, _ in patches() if not name.startswith(OWN)] + list(WRITTEN)
    with capsys.disabled():
        print(f"\na third procedure touches {len(places)} places: {', '.join(places)}")
    assert len(places) <= MOST_PLACES
    assert all(f"`{place}`" in PAGE for place in places), "each is named on the page"


@pytest.mark.parametrize("gate", ["translations", "sizes", "migrations"])
def test_the_gates_are_content_with_it(copy: Path, gate: str) -> None:
    assert run(copy, "-m", "gates.checks", gate) == ""


def test_without_a_word_of_it_the_gate_says_which(copy: Path, tmp_path: Path) -> None:
    lacking = tmp_path / "lacking"
    shutil.copytree(copy, lacking, ignore=LEFT_OUT)
    catalogue = lacking / CATALOGUES / "en" / "LC_MESSAGES" / "huiyin.po"
    catalogue.write_text(catalogue.read_text("utf-8").replace('msgid "command.TakeIn"', 'msgid "x.command"'), "utf-8")
    done = subprocess.run(
        [sys.executable, "-m", "gates.checks", "translations"], cwd=lacking, capture_output=True, text=True, check=False
    )
    assert "en: command.TakeIn" in done.stdout + done.stderr


def test_its_tests_pass(copy: Path) -> None:
    """Its story to the minute, its table as it is written down, its words about people where they belong, its commands in the
    page for whoever writes stories."""
    chosen = (
        "tests/stories/test_stories.py", "tests/workflow/test_matrix.py", "tests/workflow/test_procedures.py",
        "tests/cases/test_personal_text.py", "tests/docs/test_stories_documented.py",
    )  # fmt: skip
    about = "lost or umbrella or every_command or command_is_documented or personal_text_stands or prove or sound"
    said = run(copy, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-m", "not postgres", "-k", about, *chosen)
    assert re.search(r"\d+ passed", said), said


def test_the_program_tells_its_story(copy: Path) -> None:
    told = json.loads(run(copy, "-m", "cli.main", "replay", STORY, "--json"))
    assert [clock["rule"] for clock in told["clocks"]] == ["LOST-01", "LOST-02"]
