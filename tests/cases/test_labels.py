"""Every column says whether the ledger vouches for it: a new one that does not say so fails here."""

import json
from collections.abc import Mapping
from pathlib import Path

import cases.apply
import cases.assessment_tables
import cases.tables
import ledger.chain
import people.tables
from infra.columns import Row

LABELS: Mapping[str, Mapping[str, str]] = json.loads((Path(cases.tables.__file__).parent / "labels.json").read_text())
TABLES = (cases.tables, cases.assessment_tables, people.tables)  # imported so that the metadata are complete


def test_every_column_of_every_table_has_a_label_and_nothing_else_has() -> None:
    columns = {table.name: {column.name for column in table.columns} for table in Row.metadata.tables.values()}
    assert {table: set(labels) for table, labels in LABELS.items()} == columns


#: Columns that nothing vouches for. The number may fall; whoever adds one says why in `labels.json`.
NOT_COVERED = 87


def test_a_label_is_hashed_or_derived_or_says_why_the_column_is_neither() -> None:
    reasons = [label for labels in LABELS.values() for label in labels.values() if label not in ("hashed", "derived")]
    assert len(reasons) == NOT_COVERED
    assert [reason for reason in reasons if len(reason) < 30] == []


def test_the_columns_that_stay_out_of_the_ledger_are_the_derived_columns_of_a_clock() -> None:
    derived = {name for name, label in LABELS["clock"].items() if label == "derived"}
    assert derived == cases.apply.DERIVED
    assert set(LABELS["clock"].values()) == {"hashed", "derived"}


def test_every_column_of_an_event_is_hashed_except_its_hash_and_its_row_number() -> None:
    hashed = {name for name, label in LABELS["event"].items() if label == "hashed"}
    assert hashed == set(ledger.chain.EVENT_COLUMNS) - {"hash"}


def test_every_column_that_a_step_sets_in_the_row_of_a_case_is_hashed() -> None:
    assert {LABELS["cases"][name] for name in ("version", *cases.apply.PROGRESS)} == {"hashed"}
