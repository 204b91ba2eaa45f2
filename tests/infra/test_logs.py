"""Logs: one JSON object a line, and never what people said."""

import contextlib
import io
import json
import logging
import sys
from typing import Any

import pytest

from infra.logs import JsonLines, log_to_stderr
from infra.repeats import Repeats


def test_a_logged_error_names_its_kind_and_frames_and_never_its_message() -> None:
    """The driver of a database may quote the row that it refused."""
    row = "张三, 13800000000"
    try:
        raise ValueError(row)
    except ValueError:
        record = logging.LogRecord("huiyin", logging.ERROR, __file__, 1, "request failed", None, sys.exc_info())
    line = JsonLines().format(record)
    said = json.loads(line)
    assert said["error"] == "ValueError"
    assert "test_logs.py" in said["trace"]
    assert row not in line


def test_a_line_is_one_json_object_with_its_ids() -> None:
    record = logging.LogRecord("huiyin", logging.WARNING, __file__, 1, "mail not\ndelivered", None, None)
    record.mail = 7
    line = JsonLines().format(record)
    assert "\n" not in line
    assert json.loads(line)["mail"] == 7
    assert json.loads(line)["level"] == "warning"


def test_a_line_goes_to_whatever_is_standard_error_when_it_is_written(capsys: pytest.CaptureFixture[str]) -> None:
    """The stream of the start may be closed by then: the line is written all the same, and no traceback with it."""
    with contextlib.redirect_stderr(io.StringIO()) as at_start:
        log_to_stderr()
    at_start.close()
    logging.getLogger("huiyin").warning("mail not delivered")
    written = capsys.readouterr().err.splitlines()
    assert [json.loads(line)["message"] for line in written] == ["mail not delivered"]


# -- lines that repeat ------------------------------------------------------------------------------------------------


class Written(logging.Handler):
    def __init__(self) -> None:
        super().__init__()
        self.lines: list[dict[str, Any]] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.lines.append(json.loads(JsonLines().format(record)))


def at(seconds: float, message: str = "socket.accept() out of system resource", **ids: int) -> logging.LogRecord:
    record = logging.LogRecord("asyncio", logging.ERROR, __file__, 1, message, None, None)
    record.created = seconds
    record.__dict__.update(ids)
    return record


def test_a_line_that_repeats_is_written_once_and_then_counted_once_a_minute() -> None:
    written = Written()
    repeats = Repeats(written)
    for second in range(150):
        for _ in range(1000):
            repeats.handle(at(float(second)))
    repeats.close()
    # Of each minute (0 to 59, 60 to 119, 120 to 149) the first line, and how many were not written.
    assert [line.get("repeated") for line in written.lines] == [None, 59_999, None, 59_999, None, 29_999]


def test_the_count_is_written_with_whatever_is_logged_after_the_minute() -> None:
    written = Written()
    repeats = Repeats(written)
    for record in (at(0), at(1), at(2), at(61, "something else")):
        repeats.handle(record)
    assert [(line["message"][:6], line.get("repeated")) for line in written.lines] == [
        ("socket", None), ("socket", 2), ("someth", None),
    ]  # fmt: skip


def test_lines_of_different_ids_places_or_errors_are_different_lines() -> None:
    written = Written()
    repeats = Repeats(written)
    records = [at(0, case=7), at(0, case=8), at(0)]
    for error in (ValueError("a"), ValueError("b"), TypeError("a")):
        record = at(0)
        try:
            raise error
        except (ValueError, TypeError) as raised:
            record.exc_info = (type(raised), raised, raised.__traceback__)
        records.append(record)
    for record in records:
        repeats.handle(record)
    repeats.close()
    assert len(written.lines) == 6  # the second ValueError is only counted, and then its count is written
    assert written.lines[-1] == {**written.lines[-1], "error": "ValueError", "repeated": 1}
    assert "trace" not in written.lines[-1]


def test_what_differs_only_after_its_first_line_or_in_what_is_put_into_it_repeats() -> None:
    written = Written()
    repeats = Repeats(written)
    for got in range(255):  # a stranger chooses which
        repeats.handle(logging.LogRecord("multipart", logging.WARNING, "", 1, "expected 45, got %d", (got,), None))
    assert [line["message"] for line in written.lines] == ["expected 45, got 0"]
    written.lines.clear()
    for place in ("0x7f01", "0x7f02"):
        repeats.handle(at(0, f"Task exception was never retrieved\nfuture: <Task at {place}>"))
    assert len(written.lines) == 1
