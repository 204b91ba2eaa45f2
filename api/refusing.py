"""What the rules refuse, and a key that was used for something else, as problems: the same for everything that a program writes."""

from collections.abc import Iterator
from contextlib import contextmanager

from cases.repeats import FormWasUsed
from web.problems import Problem
from workflow.model import Refusal


@contextmanager
def told_as_problems() -> Iterator[None]:
    try:
        yield
    except Refusal as refusal:
        raise Problem("refused", status=422, reasons=refusal.reasons) from refusal
    except FormWasUsed as error:
        raise Problem("key_was_used", status=409) from error
