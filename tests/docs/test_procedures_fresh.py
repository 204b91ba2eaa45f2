"""The pages of the procedures are what the tables say today: `python -m gates.diagrams` writes them anew."""

from pathlib import Path

import pytest

from gates.diagrams import FOLDER, main, page, rule_name, write_procedures
from workflow.procedures import PROCEDURES
from workflow.procedures.every_case import rules
from workflow.procedures.mediation import rules as mediation_rules


@pytest.mark.parametrize("procedure", sorted(PROCEDURES))
def test_the_committed_page_of_a_procedure_is_what_its_table_says(procedure: str) -> None:
    assert (FOLDER / f"{procedure}.md").read_text("utf-8") == page(procedure)


def test_every_page_in_the_folder_belongs_to_a_procedure() -> None:
    assert {path.stem for path in FOLDER.glob("*.md")} == set(PROCEDURES)


def test_the_pages_are_written_where_they_are_asked_for(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([str(tmp_path / "new")]) == 0
    written = capsys.readouterr().out.split()
    assert [Path(name).name for name in written] == [f"{name}.md" for name in PROCEDURES]
    assert Path(written[0]).read_text("utf-8") == page(next(iter(PROCEDURES)))
    assert write_procedures(tmp_path / "new") == tuple(map(Path, written))  # a second time is harmless


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
