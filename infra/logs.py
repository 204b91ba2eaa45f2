"""Logs: one JSON object a line on standard error. A fixed phrase and ids; never names, texts, codes or addresses. What
repeats is counted (`repeats.py`)."""

import json
import logging
import sys
import traceback
from typing import TextIO

from infra.repeats import Repeats, extras


class JsonLines(logging.Formatter):
    def format(self, record: logging.LogRecord) -> str:
        line = {
            "at": self.formatTime(record, "%Y-%m-%dT%H:%M:%S%z"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": record.getMessage(),
            **extras(record),
        }
        if record.exc_info and record.exc_info[0]:
            line["error"] = record.exc_info[0].__name__
            # Frames only: the message of a database's error may quote the row that it refused.
            line["trace"] = "".join(traceback.format_tb(record.exc_info[2]))
        return json.dumps(line, ensure_ascii=False, default=str)


class StandardError(logging.StreamHandler[TextIO]):
    """Whatever is standard error when a line is written: the one of the start may be closed by then."""

    def __init__(self) -> None:
        logging.Handler.__init__(self)

    @property
    def stream(self) -> TextIO:  # type: ignore[override]  # a method here, so that it is asked for each line
        return sys.stderr


def log_to_stderr(level: int = logging.INFO) -> None:
    handler = StandardError()
    handler.setFormatter(JsonLines())
    logging.basicConfig(level=level, handlers=[Repeats(handler)], force=True)
    logging.getLogger("apscheduler").setLevel(logging.WARNING)
    logging.getLogger("alembic").setLevel(logging.WARNING)
