"""The pages of the procedures are what the tables say today: `python -m gates.diagrams` writes them anew."""

from collections.abc import Callable
from pathlib import Path

import pytest

from gates.bpmn import bpmn
from gates.diagrams import FOLDER, main, page, rule_name, write_procedures
from gates.official_pages import LANGUAGES, SAID, official_page, reasons_of
from infra.i18n import translator
from workflow.procedures import PROCEDURES
from workflow.procedures.every_case import rules
from workflow.procedures.every_case.taking_back import why_not
from workflow.procedures.mediation import rules as mediation_rules

PAGES: dict[str, Callable[[str], str]] = {
    "table.md": page,
    "zh.md": lambda procedure: official_page(procedure, "zh_CN"),
    "en.md": lambda procedure: official_page(procedure, "en"),
    "zh.bpmn": lambda procedure: bpmn(procedure, "zh_CN"),
    "en.bpmn": lambda procedure: bpmn(procedure, "en"),
}


@pytest.mark.parametrize("name", PAGES)
@pytest.mark.parametrize("procedure", sorted(PROCEDURES))
def test_the_committed_pages_of_a_procedure_are_what_its_table_says(procedure: str, name: str) -> None:
    assert (FOLDER / procedure / name).read_text("utf-8") == PAGES[name](procedure)


def test_every_page_in_the_folder_belongs_to_a_procedure() -> None:
    found = {(path.parent.name, path.name) for path in FOLDER.rglob("*") if path.is_file()}
    assert found == {(procedure, name) for procedure in PROCEDURES for name in PAGES}


def test_the_pages_are_written_where_they_are_asked_for(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([str(tmp_path / "new")]) == 0
    written = [Path(name) for name in capsys.readouterr().out.split()]
    assert {(path.parent.name, path.name) for path in written} == {(one, name) for one in PROCEDURES for name in PAGES}
    assert all(path.read_text("utf-8") == PAGES[path.name](path.parent.name) for path in written)
    assert write_procedures(tmp_path / "new") == tuple(written)  # a second time is harmless


# -- in sentences ------------------------------------------------------------------------------------------------------


def test_every_guard_and_check_is_told_by_the_reasons_that_it_can_give() -> None:
    rules_of = {rule for table in PROCEDURES.values() for step in table.steps for rule in (*step.guards, *step.checks)}
    assert len(rules_of) > 60
    assert [rule_name(rule) for rule in rules_of if not reasons_of(rule)] == []


def test_a_rule_that_was_made_for_a_field_gives_the_reason_of_that_field() -> None:
    assert reasons_of(rules.every_party_in("signed_by")) == ("signed_by.not_every_party",)
    assert reasons_of(mediation_rules.invitees_only_by_consent) == ("consenting.not_every_party",)
    assert reasons_of(why_not)[0] == "take_back.nothing"


@pytest.mark.parametrize("language", LANGUAGES)
def test_an_official_reads_why_a_step_is_closed_and_what_cannot_be_undone(language: str) -> None:
    text = official_page("petition", language)
    say = translator(language)
    assert say("reason.task.asked_already") in text
    assert say("command.AskUnit") in text
    assert SAID[language]["final"] in text
    assert not [
        code for code in ("state.", "command.", "role.", "clock.", "reason.", "audience.", "%(") if code in text
    ]


@pytest.mark.parametrize("procedure", sorted(PROCEDURES))
def test_every_command_state_and_milestone_of_a_procedure_is_on_its_page(procedure: str) -> None:
    text = page(procedure)
    for step in PROCEDURES[procedure].steps:
        # A command that means one step here and another there has a row for each.
        rows = [line for line in text.splitlines() if line.startswith(f"| `{step.command.__name__}`<br>")]
        assert any(
            all(f"`{source}`" in row for source in step.sources)
            and (f"`{step.target}`" in row if step.target else "(stays)" in row)
            and (step.reaches is None or f"`{step.reaches}`" in row)
            for row in rows
        )


def test_no_name_on_a_page_is_missing_from_a_catalogue() -> None:
    # A message that is missing comes out as its own code.
    for procedure in PROCEDURES:
        assert not [code for code in ("state.", "command.", "role.", "clock.", "procedure.") if code in page(procedure)]


def test_a_check_that_was_made_for_a_field_names_the_field() -> None:
    assert rule_name(rules.every_party_in("signed_by")) == "every_party_in(signed_by)"
    assert rule_name(mediation_rules.no_open_disclosure) == "no_open_disclosure"
