"""Where a key or a value of a policy file stands: the line and the column that a fault names."""

import pytest

from workflow.policy_lines import Path, column_of, line_of

NESTED = """\
# An office's own ladder.
title = "x"

[[ladder]]
id = "own"  # length = 9 stands in a remark

  [[ladder.rungs]]
  code = "yellow"
  at = "remaining"

  [[ladder.rungs]]
  code = "red"
  steady = { lengths = 1, working_days = 5 }

[[ladder]]
id = "other"
[[ladder.rungs]]
code = "late"

[profile.clocks]
notice = "PET-02"
"""


@pytest.mark.parametrize(
    ("path", "line"),
    [
        (("title",), 2),
        (("ladder", 0), 4),
        (("ladder", 0, "id"), 5),
        (("ladder", 0, "rungs", 0, "code"), 8),
        (("ladder", 0, "rungs", 1), 11),
        (("ladder", 0, "rungs", 1, "code"), 12),
        (("ladder", 0, "rungs", 1, "steady", "lengths"), 13),  # inside an inline table: the line of the table
        (("ladder", 1, "id"), 16),
        (("ladder", 1, "rungs", 0), 17),  # rungs are counted anew in each ladder
        (("ladder", 1, "rungs", 0, "code"), 18),
        (("profile", "clocks", "notice"), 21),
    ],
)
def test_a_key_is_found_in_its_own_table(path: Path, line: int) -> None:
    assert line_of(NESTED, path) == line


@pytest.mark.parametrize(
    ("path", "line"),
    [
        (("ladder", 0, "source"), 4),  # what is missing: the header of its row
        (("ladder", 0, "rungs", 1, "tell"), 11),
        (("ladder", 2, "id"), 1),  # no such row: the beginning of the file
        (("rule", 0, "length"), 1),
        ((), 1),
    ],
)
def test_what_is_not_there_is_pointed_at_by_the_nearest_table_above_it(path: Path, line: int) -> None:
    assert line_of(NESTED, path) == line


def test_an_empty_file_has_a_first_line() -> None:
    assert line_of("", ("rule", 0)) == 1


DOTTED = """\
[[rule]]
id = "a"
extension.by = "parties"
extension.max_length = 9
"pause".max_days = 3

[[rule]]
"id" = 'b'
extension . by = "parties"
"""


@pytest.mark.parametrize(
    ("path", "line"),
    [
        (("rule", 0, "extension", "by"), 3),
        (("rule", 0, "extension", "max_length"), 4),
        (("rule", 0, "pause", "max_days"), 5),
        (("rule", 1, "id"), 8),
        # A dotted key with spaces is passed over; the header of its row is near enough.
        (("rule", 1, "extension", "by"), 7),
    ],
)
def test_dotted_and_quoted_keys_are_keys(path: Path, line: int) -> None:
    assert line_of(DOTTED, path) == line


YEARS = """\
[[calendar]]
id = "cn"
off = [
    2025-05-01, 2025-05-02,
    # 2025-10-01 is in a remark
    2025-10-01, 2025-10-02,  # 2025-05-02
]
work = [2025-05-01]

[[calendar]]
id = "cn"
off = [2025-05-02]
work = []
"""


@pytest.mark.parametrize(
    ("path", "value", "line", "column"),
    [
        (("calendar", 0, "off"), "2025-05-02", 4, 17),
        (("calendar", 0, "off"), "2025-10-01", 6, 5),  # not the remark above it
        (("calendar", 0, "off"), "2025-10-02", 6, 17),
        (("calendar", 0, "work"), "2025-05-01", 8, 9),
        (("calendar", 1, "off"), "2025-05-02", 12, 8),
        (("calendar", 1, "off"), "2025-12-25", 12, 1),  # a value that is nowhere: the key
    ],
)
def test_a_value_is_found_in_an_array_over_several_lines(path: Path, value: str, line: int, column: int) -> None:
    assert line_of(YEARS, path, value=value) == line
    assert column_of(YEARS.splitlines()[line - 1], path, value=value) == column


def test_of_a_value_that_stands_twice_in_one_table_the_second_is_found() -> None:
    twice = "[[calendar]]\noff = [\n2025-05-01,\n2025-05-01,\n]\nwork = []\n[[calendar]]\noff = [2025-05-01]\n"
    assert line_of(twice, ("calendar", 0, "off"), value="2025-05-01") == 4


def test_a_table_that_is_the_last_of_its_file_ends_with_the_file() -> None:
    assert line_of("[[calendar]]\noff = [\n2025-05-01,\n2025-05-02]", ("calendar", 0, "off"), value="2025-05-02") == 4


@pytest.mark.parametrize(
    ("line", "path", "column"),
    [
        ("length = 0", ("rule", 0, "length"), 1),
        ("    length = 0", ("rule", 0, "length"), 5),
        ('extension = { by = "outside", max_length = 3 }', ("rule", 0, "extension", "max_length"), 31),
        ("pause = { max_days = 3 }", ("rule", 0, "pause", "grounds"), 1),  # missing inside: its table
        ("[[rule]]", ("rule", 0, "source"), 3),
        ('  tell = ["holder", "boss"]', ("ladder", 0, "rungs", 1, "tell", 1), 3),
        ("  # nothing of it here", ("rule", 0, "length"), 3),
        ("", ("rule", 0, "length"), 1),
    ],
)
def test_the_column_is_that_of_the_last_key_of_the_path_that_the_line_holds(line: str, path: Path, column: int) -> None:
    assert column_of(line, path) == column


def test_a_line_ends_where_editors_and_the_parser_end_it() -> None:
    assert line_of("# a\u2028b\n[[rule]]\nlength = 0\n", ("rule", 0, "length")) == 3
