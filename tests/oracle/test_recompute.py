"""The script of the docs, with nothing of the program, recomputes every receipt that the program writes."""

import json
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from reports.record.derivations import as_json
from tests.oracle.china import china
from tests.oracle.daywalk import Asked
from tests.oracle.test_differential import engine, questions
from tests.workflow.factories import at
from workflow.derivation import derivation

SCRIPT = Path(__file__).resolve().parents[2] / "docs" / "recompute.py"


def recomputed(text: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, "-I", str(SCRIPT)], input=text, capture_output=True, text=True, check=False)


def test_the_script_is_short_and_imports_only_the_standard_library() -> None:
    lines = SCRIPT.read_text("utf-8").splitlines()
    assert len(lines) <= 60
    imported = {line.split()[1] for line in lines if line.startswith(("import ", "from "))}
    assert imported == {"json", "sys", "datetime", "zoneinfo"}


def test_sixty_receipts_of_chance_add_up() -> None:
    for number, (question, days) in zip(range(60), questions(7), strict=False):
        clock, rule, policy = engine(question, days)
        done = recomputed(json.dumps(as_json(derivation(clock, rule, policy))))
        assert done.returncode == 0, f"question {number}: {question}\n{done.stdout}{done.stderr}"


@pytest.mark.parametrize(
    ("spoilt", "complaint"),
    [
        ({"due_on": "2026-05-25"}, "due_on"),
        ({"due_at": "2026-05-26T00:00:00+08:00"}, "due_at"),
        ({"length": 14}, "counted days"),
        ({"pauses": []}, "counted days"),
    ],
)
def test_a_receipt_that_was_edited_does_not_add_up(spoilt: dict[str, object], complaint: str) -> None:
    done = recomputed(json.dumps({**worked_case_5(), **spoilt}))
    assert done.returncode == 1
    assert complaint in done.stdout


def test_worked_case_5_adds_up() -> None:
    assert recomputed(json.dumps(worked_case_5())).stdout.startswith("adds up: due 2026-05-26")


def worked_case_5() -> dict[str, object]:
    question = Asked(
        start=at("2026-04-27T09:15"), length=5, unit="working_day", roll="none", light="third",
        pauses=((at("2026-05-11T14:00"), at("2026-05-15T10:00")),), extensions=((15, at("2026-04-30T10:00")),),
    )  # fmt: skip
    clock, rule, policy = engine(question, china("Asia/Shanghai"))
    return as_json(derivation(clock, replace(rule, id="HOT-07"), policy))
