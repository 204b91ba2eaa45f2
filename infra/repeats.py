"""A line that repeats is written once a minute, with the number of those that were not: whoever makes the program complain
again and again must not fill the disk. Lines that differ in an id are different lines."""

import logging
from dataclasses import dataclass
from itertools import takewhile
from typing import Any

WINDOW_SECONDS = 60.0
_STANDARD = frozenset(logging.makeLogRecord({}).__dict__) | {"message", "asctime", "taskName"}


def extras(record: logging.LogRecord) -> dict[str, Any]:
    """What a line says beside its fixed phrase: ids and figures."""
    return {name: value for name, value in record.__dict__.items() if name not in _STANDARD}


@dataclass(slots=True)
class _Repeated:
    since: float
    summary: logging.LogRecord
    unwritten: int = 0


class Repeats(logging.Handler):
    """Passes the first line of a minute on at once, and the number of the others (`repeated`) when the minute is over and
    anything is logged, or when the program ends."""

    def __init__(self, target: logging.Handler) -> None:
        super().__init__()
        self._target = target
        self._known: dict[str, _Repeated] = {}  # the oldest first

    def emit(self, record: logging.LogRecord) -> None:
        self._write_until(record.created - WINDOW_SECONDS)
        summary = _summary(record)
        key = repr((record.name, record.levelno, _phrase(record.msg), extras(summary), _place(record)))
        if known := self._known.get(key):
            known.unwritten += 1
            known.summary.created = record.created
        else:
            self._known[key] = _Repeated(since=record.created, summary=summary)
            self._target.handle(record)

    def close(self) -> None:
        self._write_until(float("inf"))
        super().close()

    def _write_until(self, time: float) -> None:
        for key, known in list(takewhile(lambda item: item[1].since <= time, self._known.items())):
            del self._known[key]
            if known.unwritten:
                known.summary.repeated = known.unwritten
                self._target.handle(known.summary)


def _summary(record: logging.LogRecord) -> logging.LogRecord:
    """The record without its error, whose frames would keep what they hold."""
    error = {"error": record.exc_info[0].__name__} if record.exc_info and record.exc_info[0] else {}
    phrase = _phrase(record.getMessage())
    return logging.makeLogRecord({**record.__dict__, **error, "msg": phrase, "args": None, "exc_info": None})


def _phrase(message: object) -> str:
    """The first line: libraries put addresses of objects into the others."""
    return str(message).partition("\n")[0]


def _place(record: logging.LogRecord) -> str:
    """The innermost place of the record's error."""
    trace = record.exc_info[2] if record.exc_info else None
    while trace and trace.tb_next:
        trace = trace.tb_next
    return f"{trace.tb_frame.f_code.co_filename}:{trace.tb_lineno}" if trace else ""
