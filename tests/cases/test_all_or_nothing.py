"""Whatever statement of a step fails, before or after the database has run it, nothing of the step is there; the same
form sent again is taken once."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import Any

import pytest
from sqlalchemy import Engine, event
from sqlalchemy.exc import OperationalError

from cases.sweep import sweep
from infra.db import transaction
from infra.statements import Statement
from tests.cases.records import DAY, START, World, an_intake, new_request
from workflow.model import AccountId
from workflow.procedures.every_case.commands import Accept
from workflow.procedures.mediation.commands import AppointMediators, RecordConsent

#: More cases than any step has statements; each failure gets a case of its own.
CASES = 50
Take = Callable[[World, int, str], tuple[int, int, bool]]  #: case and request to (case, seq, repeated)


def opening(world: World, _case: int, request: str) -> tuple[int, int, bool]:
    command = an_intake("petition", applicant_contact="13800000000", more_applicants=("赵某", "钱某"))
    opened = world.open("petition", command=command, request=request)
    return opened.case_id, 1, opened.repeated


def accepting(world: World, case: int, request: str) -> tuple[int, int, bool]:
    done = world.take(case, Accept(), by="clerk", version=1, request=request)
    return done.case_id, done.seq, done.repeated


def accepting_late(world: World, case: int, request: str) -> tuple[int, int, bool]:
    """Twenty days on, with three lights still to be settled first."""
    done = world.take(case, Accept(), by="clerk", at=START + 20 * DAY, version=1, request=request)
    return done.case_id, done.seq, done.repeated


def appointing(world: World, case: int, request: str) -> tuple[int, int, bool]:
    """A step that writes records of its own, hands the case over and tells two people."""
    three = [AccountId(world.account(name)) for name in ("mediator", "mediator_2", "mediator_3")]
    command = AppointMediators(chief=three[0], others=tuple(three[1:]))
    done = world.take(case, command, by="coordinator", request=request)
    return done.case_id, done.seq, done.repeated


def test_the_steps_below_have_as_many_statements_as_they_should(sqlite_world: World) -> None:
    """So that a wrapper that counts nothing cannot let every other test here pass."""
    counts = {}
    for name, take in STEPS.items():
        case = _cases(sqlite_world, name, 1)[0]
        with failing(sqlite_world.engine, nth=0) as calls:
            take(sqlite_world, case, new_request())
        counts[name] = calls()
    assert counts["accepting"] > 10
    assert counts["opening"] > counts["accepting"]
    assert counts["accepting_late"] > counts["accepting"]


STEPS: dict[str, Take] = {t.__name__: t for t in (opening, accepting, accepting_late, appointing)}


@pytest.mark.parametrize("when", ["before", "after"])
@pytest.mark.parametrize("step", list(STEPS))
def test_a_step_is_done_entirely_or_not_at_all(world: World, step: str, when: str) -> None:
    cases, take = _cases(world, step, CASES), STEPS[step]
    for nth in range(1, CASES + 1):
        case, request, found = cases[nth - 1], new_request(), world.everything()
        with failing(world.engine, nth=nth, when=when) as calls:
            try:
                take(world, case, request)
            except OperationalError:
                pass
            else:
                assert calls() < nth, "the failure must not be swallowed"
                break
        assert world.everything() == found, f"call {nth} of {step} left something behind"
        before = len(found["event"])
        made, seq, repeated = take(world, case, request)
        assert (len(world.everything()["event"]) - before, repeated) == (_events_of(step), False)
        assert take(world, case, request) == (made, seq, True)
        assert len(world.everything()["event"]) - before == _events_of(step)
    else:
        pytest.fail(f"{step} has {CASES} statements or more")
    assert world.ledger_agrees()


@pytest.mark.parametrize("when", ["before", "after"])
def test_a_batch_of_a_sweep_is_recorded_entirely_or_not_at_all(world: World, when: str) -> None:
    """From the n-th statement on everything fails, as when a database goes away."""
    _cases(world, "accepting", 2)
    found = world.everything()
    for nth in range(1, CASES + 1):
        with failing(world.engine, nth=nth, when=when, every=True), suppress(OperationalError):
            sweep(world.engine, now=START + 20 * DAY)
        if world.everything() != found:
            break
    assert nth > 6, "BEGIN, two locks, events, heads, clocks, mails"
    assert len(world.column("SELECT key FROM event WHERE code = 'clock:crossed'")) == 2 * len(CROSSED_IN_20_DAYS)
    assert world.ledger_agrees()


#: What the notice of a petition that nobody has accepted crosses in 20 days: 15 days, due at the end of 03-17; red_5wd
#: five working days on, at the end of 03-24, is ahead.
CROSSED_IN_20_DAYS = ("yellow", "half_yellow", "red")


def test_a_commit_that_fails_leaves_nothing(world: World) -> None:
    case, request = _cases(world, "accepting", 1)[0], new_request()
    found = world.everything()
    event.listen(world.engine, "commit", _lost)
    with pytest.raises(OperationalError):
        accepting(world, case, request)
    event.remove(world.engine, "commit", _lost)
    assert world.everything() == found
    assert accepting(world, case, request) == (case, 2, False)


def test_an_answer_that_was_lost_after_the_commit_is_given_again(world: World) -> None:
    """The wire breaks between the commit and the answer: nobody knows, so the person sends the form once more."""
    case, request = _cases(world, "accepting", 1)[0], new_request()
    first = accepting(world, case, request)
    found = world.everything()
    assert accepting(world, case, request) == (*first[:2], True)
    assert world.everything() == found


# -- failures ---------------------------------------------------------------------------------------------------------


@contextmanager
def failing(engine: Engine, *, nth: int, when: str = "before", every: bool = False) -> Iterator[Callable[[], int]]:
    """Makes the n-th statement fail (0: none; `every`: that one and all later ones), and counts them all.

    Statements of SQLAlchemy, BEGIN among them, are met in its own events; those of `infra.statements` at their methods.
    """
    count = 0

    def is_hit() -> bool:
        return count == nth or (every and 0 < nth < count)

    def before(*_args: Any) -> None:
        nonlocal count
        count += 1
        if when == "before" and is_hit():
            _lost()

    def after(*_args: Any) -> None:
        if when == "after" and is_hit():
            _lost()

    def counted(method: Callable[..., Any]) -> Callable[..., Any]:
        def call(*args: Any, **values: Any) -> Any:
            before()
            result = method(*args, **values)
            after()
            return result

        return call

    with pytest.MonkeyPatch.context() as patch:
        for name in ("rows", "run", "run_many"):
            patch.setattr(Statement, name, counted(getattr(Statement, name)))
        event.listen(engine, "before_cursor_execute", before)
        event.listen(engine, "after_cursor_execute", after)
        try:
            yield lambda: count
        finally:
            event.remove(engine, "before_cursor_execute", before)
            event.remove(engine, "after_cursor_execute", after)


def _lost(*_args: Any) -> None:
    raise OperationalError("the n-th statement", {}, Exception("planted"))


def _cases(world: World, step: str, many: int) -> list[int]:
    """Cases that are ready for the step, made in one transaction."""
    with transaction(world.engine) as connection:
        if step != "appointing":
            return [world.open(connection=connection).case_id for _ in range(many)]
        made = []
        for _ in range(many):
            case = world.open("mediation", connection=connection).case_id
            second = connection.exec_driver_sql(f"SELECT max(number) FROM party WHERE case_id = {case}").scalar_one()
            consent = RecordConsent(party=second, answer="given")
            world.take(case, consent, by="clerk", connection=connection)
            world.take(case, Accept(), by="clerk", connection=connection)
            made.append(case)
        return made


def _events_of(step: str) -> int:
    return 1 + (len(CROSSED_IN_20_DAYS) if step == "accepting_late" else 0)
