"""Logs: one JSON object a line, and never what people said."""

import json
import logging
import sys

from infra.logs import JsonLines


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
