"""`docs/stories.md` names everything that a story may say, and its example is true."""

import json
import re
from dataclasses import MISSING, fields
from pathlib import Path
from typing import Any

import pytest

from cases.office import USUAL_PROFILES
from stories.replay import replay
from stories.story import CAST, UNITS, Absence, Story, StoryStep, read_story
from tests.workflow.factories import shipped_policy
from workflow.disputes import DISPUTE_TYPES
from workflow.procedures import PROCEDURES
from workflow.shapes import shapes

PAGE = (Path(__file__).parents[2] / "docs" / "stories.md").read_text("utf-8")
COMMANDS = {step.command.__name__: step.command for table in PROCEDURES.values() for step in table.steps}


def block(kind: str) -> Any:
    """The one fenced block of the page that is marked so."""
    (text,) = re.findall(rf"```json {kind}\n(.*?)```", PAGE, re.DOTALL)
    return json.loads(text)


def row_of(code: str) -> str:
    """The one row of a table whose first cell begins with the code."""
    (row,) = [line for line in PAGE.splitlines() if line.startswith(f"| `{code}`")]
    return row


def listed_in(section: str) -> set[str]:
    """The codes in first cells of the tables of a section."""
    text = PAGE.split(f"\n## {section}", 1)[1].split("\n## ", 1)[0]
    return {code for line in text.splitlines() if line.startswith("| `") for code in re.findall("`(.+?)`", cell(line))}


def cell(row: str) -> str:
    return row.split("|")[1]


def test_the_example_gives_the_answer_that_stands_below_it(tmp_path: Path) -> None:
    path = tmp_path / "example.json"
    path.write_text(json.dumps(block("story")), "utf-8")
    assert replay(read_story(path)) == block("outcome")


@pytest.mark.parametrize("name", sorted(COMMANDS))
def test_every_command_is_documented_with_its_fields_and_what_they_take(name: str) -> None:
    row = row_of(name)
    for field in fields(COMMANDS[name]):
        needed = field.default is MISSING
        assert (f"**`{field.name}`**" if needed else f"`{field.name}`") in row
        assert needed or f"**`{field.name}`**" not in row
    for shape in shapes(COMMANDS[name]):
        assert [value for value in shape.literal if f"`{value}`" not in row] == []


def test_no_command_is_documented_that_does_not_exist() -> None:
    assert listed_in("命令") == set(COMMANDS)


@pytest.mark.parametrize("name", sorted(COMMANDS))
def test_no_field_is_documented_that_a_command_does_not_have(name: str) -> None:
    marked = set(re.findall(r"\*\*`(\w+)`\*\*", row_of(name)))
    assert marked <= {field.name for field in fields(COMMANDS[name])}


def test_everybody_who_can_act_is_introduced_and_nobody_else() -> None:
    assert listed_in("谁能出场") == {*CAST, "petitioner"}
    for name, ((unit, _), *_) in CAST.items():
        (row,) = [line for line in PAGE.splitlines() if line.startswith("| `") and f"`{name}`" in cell(line)]
        assert f"| `{unit}` |" in row
    assert {name for name, _, _ in UNITS} == {unit for ((unit, _), *_) in CAST.values()}


def test_every_field_of_a_file_and_of_a_step_is_documented_and_nothing_else() -> None:
    assert listed_in("整个文件") == {field.name for kind in (Story, StoryStep, Absence) for field in fields(kind)}


def test_every_key_of_the_answer_is_documented_and_nothing_else() -> None:
    outcome = block("outcome")
    assert listed_in("结果") == {*outcome, *outcome["clocks"][0]}


def test_every_matter_ground_and_type_of_dispute_is_named() -> None:
    rules = [rule for name in USUAL_PROFILES for rule in shipped_policy().profiles[name].clocks.values()]
    pauses = [version.pause for rule in rules for version in shipped_policy().rules[rule]]
    grounds = {ground for pause in pauses if pause for ground in pause.grounds}
    assert grounds
    matters = {shipped_policy().profiles[name].matter for name in USUAL_PROFILES}
    assert {code for code in (*grounds, *matters, *DISPUTE_TYPES) if f"`{code}`" not in PAGE} == set()
