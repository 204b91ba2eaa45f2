"""Who may see what. `visible_cases` and `visible_texts` are the only ways to start a select of cases or of texts; for
statements that are prepared once a role, `cases_in_reach` and `texts_in_reach` are the same with the actor still to bind.
(`all_numbers` counts numbers, and tells of no case; `masked_texts` and `unmasked_texts` are the closure report's;
`likeness_of_replies` says which replies are alike, and not what they say; `texts_once_sent` whether a form is the same.)

What an actor may not see is not in the result: it cannot be counted, found or told apart from what does not exist.
Roles and their reach follow the access matrix (信访工作条例 §30, 人民调解法 §15): an administrator sees no case at all, an
assessor and an auditor see clocks and lights without names, recusal beats every role. A deputy sees what whoever is away would
see, but for what they are recused from themselves.
"""

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from functools import cache
from typing import Any

from sqlalchemy import (
    BindParameter,
    ColumnElement,
    CompoundSelect,
    Connection,
    Select,
    Subquery,
    and_,
    bindparam,
    exists,
    false,
    func,
    literal,
    or_,
    select,
    true,
    union_all,
)

from cases.tables import Appointment, Case, Participant, PersonalText, Recusal, TakenBack, Task
from infra.among import is_among
from people.tables import UnitAbove
from workflow.model import Actor, Role, TextKind
from workflow.procedures import UNSIGNED

case = Case.__table__.c  # type: ignore[attr-defined]
_text = PersonalText.__table__.c  # type: ignore[attr-defined]
_appointment = Appointment.__table__.c  # type: ignore[attr-defined]
_participant = Participant.__table__.c  # type: ignore[attr-defined]
_task = Task.__table__.c  # type: ignore[attr-defined]
_taken_back = TakenBack.__table__.c  # type: ignore[attr-defined]
_recusal = Recusal.__table__.c  # type: ignore[attr-defined]
_above = UnitAbove.__table__.c  # type: ignore[attr-defined]

_ME: BindParameter[int] = bindparam("actor_account", type_=_recusal.person.type)
#: In whose place the actor acts; NULL of whoever acts for themselves, and that is in no list.
_FOR: BindParameter[int] = bindparam("actor_stands_in_for", type_=_recusal.person.type)
_MY_UNIT: BindParameter[int] = bindparam("actor_unit")
_MY_CASE: BindParameter[int] = bindparam("actor_case")
_BELOW_ME = select(_above.unit).where(_above.above == _MY_UNIT).scalar_subquery()

ALL_TEXTS = frozenset(TextKind)
#: What each role may read of a case it sees. Minutes are the mediators' own (without prejudice); a rating's comment
#: never reaches the person who was rated.
READABLE: Mapping[Role, frozenset[TextKind]] = {
    Role.CLERK: ALL_TEXTS - {TextKind.MINUTES, TextKind.COMMENT, TextKind.APPEAL},
    Role.COORDINATOR: ALL_TEXTS - {TextKind.MINUTES, TextKind.COMMENT, TextKind.APPEAL},
    Role.MEDIATOR: ALL_TEXTS - {TextKind.COMMENT, TextKind.APPEAL},
    Role.SUPERVISOR: ALL_TEXTS - {TextKind.MINUTES},
    Role.PETITIONER: frozenset({TextKind.TITLE, TextKind.STATEMENT, TextKind.REPLY}),
    Role.ASSESSOR: frozenset({TextKind.APPEAL}),
    Role.AUDITOR: frozenset({TextKind.APPEAL}),
    Role.ADMINISTRATOR: frozenset(),
    Role.SYSTEM: frozenset(),
}
#: Kinds of texts that some of those who read others do not read. In the index of words a mark of their own stands before each of their
#: terms, so that for whoever may not read them there is no such term: nothing is found by it, counted, or takes longer.
APART: Mapping[TextKind, str] = {TextKind.MINUTES: "◆", TextKind.COMMENT: "◈", TextKind.APPEAL: "◇"}
#: What a closure report may name of a case, and to whom, if they give a ground for it. An auditor reads no other page so.
NAMED_IN_REPORTS = (TextKind.TITLE, TextKind.PARTY_NAME)
MAY_UNMASK = frozenset({Role.AUDITOR, Role.SYSTEM})
#: What follows the first character of a text that is masked: as many marks whatever its length.
MASK = "＊＊"


#: Who may ask which replies are alike: whoever looks for signs of gaming, and reads none of them.
MAY_COMPARE = frozenset({Role.AUDITOR, Role.SYSTEM})


class MayNotUnmask(Exception):
    """This role never reads names, whatever the ground."""


class MayNotCompare(Exception):
    """This role is not told which replies are alike."""


@cache
def in_reach(role: Role, *, of_one: bool = False) -> ColumnElement[bool]:
    """The condition on a case for this role, with the actor's values still to be bound (see `reach_of`). `of_one`: it is
    asked of a single case, bound as `case_id`, and costs the same however many cases the actor has."""
    match role:
        case Role.SYSTEM:
            return true()
        case Role.ADMINISTRATOR:
            return false()
        case Role.PETITIONER:
            own: ColumnElement[bool] = case.id == _MY_CASE
            return own
        case Role.MEDIATOR:
            reach = case.id.in_(_of_mediator(of_one=of_one))
        case Role.CLERK:
            reach = or_(case.intake_unit.in_(_BELOW_ME), _is_asked_of_us(of_one=of_one))
        case Role.COORDINATOR | Role.SUPERVISOR:
            ours = or_(case.holder_unit.in_(_BELOW_ME), case.intake_unit.in_(_BELOW_ME))
            reach = or_(ours, _is_asked_of_us(of_one=of_one))
        case Role.ASSESSOR | Role.AUDITOR:
            reach = case.holder_unit.in_(_BELOW_ME)
    return and_(reach, ~exists().where(_recusal.case_id == case.id, _recusal.person.in_((_ME, _FOR))))


def _is_asked_of_us(*, of_one: bool) -> ColumnElement[bool]:
    """Something is asked of the unit, or of one below it, until it is answered."""
    asked = select(_task.case_id).where(_task.unit.in_(_BELOW_ME), _task.until_at.is_(None))
    here: ColumnElement[bool] = case.id.in_(asked.where(_task.case_id == bindparam("case_id")) if of_one else asked)
    return here


def _of_mediator(*, of_one: bool) -> CompoundSelect[Any]:
    """What a mediator holds, serves or takes part in, is asked for something about, or may sign for. A list of ids found by five indexes: a mediator's cases are few
    among all, and no page of theirs may cost what all cases cost."""
    mine, waiting = Case.__table__.alias("mine"), Case.__table__.alias("waiting")  # type: ignore[attr-defined]
    lists = (
        select(mine.c.id).where(mine.c.holder_person.in_((_ME, _FOR))),
        select(_appointment.case_id).where(_appointment.person.in_((_ME, _FOR)), _appointment.until_at.is_(None)),
        select(_participant.case_id).where(_participant.person.in_((_ME, _FOR)), _participant.until_at.is_(None)),
        select(_task.case_id).where(_task.person.in_((_ME, _FOR)), _task.until_at.is_(None)),
        select(waiting.c.id).where(
            waiting.c.holder_unit == _MY_UNIT,
            waiting.c.holder_person.is_(None),
            waiting.c.closed_at.is_(None),
            # A matter in hand without a person is one that time has signed for.
            or_(*(waiting.c.state == state for state in UNSIGNED)),
        ),
    )
    return union_all(*(ids.where(ids.selected_columns[0] == bindparam("case_id")) if of_one else ids for ids in lists))


def reach_of(actor: Actor) -> dict[str, Any]:
    """The values of an actor that `in_reach` asks for."""
    match actor.role:
        case Role.SYSTEM | Role.ADMINISTRATOR:
            return {}
        case Role.PETITIONER:
            return {"actor_case": actor.case}
        case Role.MEDIATOR | Role.CLERK | Role.COORDINATOR | Role.SUPERVISOR | Role.ASSESSOR | Role.AUDITOR:
            return {
                "actor_account": actor.account,
                "actor_stands_in_for": actor.stands_in_for,
                "actor_unit": actor.unit,
            }


def visible_cases(actor: Actor, *columns: Any) -> Select[Any]:
    """A select of the cases that exist for this actor: all columns, or those asked for."""
    return cases_in_reach(actor.role, *columns).params(**reach_of(actor))


def cases_in_reach(role: Role, *columns: Any, of_one: bool = False) -> Select[Any]:
    """The same for whoever has this role, with the actor's values still to be bound (`reach_of`); `of_one` as `in_reach`
    has it."""
    return select(*(columns or tuple(case))).where(in_reach(role, of_one=of_one))


def visible_texts(actor: Actor) -> Select[Any]:
    """A select of the texts that this actor may read, of cases that exist for this actor."""
    return texts_in_reach(actor.role, READABLE[actor.role]).params(**reach_of(actor))


def texts_in_reach(role: Role, kinds: frozenset[TextKind], *, of_one: bool = False) -> Select[Any]:
    """The texts of these kinds that whoever has this role may read, with the actor's values still to be bound."""
    readable = [literal(kind.value) for kind in sorted(kinds & READABLE[role])]
    return (
        cases_in_reach(role, _text.case_id, _text.number, _text.kind, _text.content, of_one=of_one)
        .join_from(Case, PersonalText, _text.case_id == case.id)
        .where(_text.kind.in_(readable) if readable else false())
    )


def marks_of(role: Role) -> tuple[str, ...]:
    """What stands before the terms of the texts that this role may read."""
    shared = ALL_TEXTS - APART.keys()
    return (
        *([""] if shared <= READABLE[role] else []),
        *(mark for kind, mark in APART.items() if kind in READABLE[role]),
    )


def texts_to_index(cases: Sequence[int]) -> Select[Any]:
    """Every text of some cases that lie side by side, whoever may read it: what the index of words is written from, and checked by. That
    is the one use (`cases/finding.py`), and what is found in it is found with the marks above."""
    columns = (_text.case_id, _text.number, _text.kind, _text.content)
    return select(*columns).where(_text.case_id.between(cases[0], cases[-1]), _text.content.is_not(None))


def cases_to_index(after: int, *columns: Any, at_most: int) -> Select[Any]:
    """What the register says of the next cases, for the same index."""
    return select(*columns).where(case.id > after).order_by(case.id).limit(at_most)


def still_counts(case_id: ColumnElement[Any], *, seq: Any = None, record: Any = None) -> ColumnElement[bool]:
    """Of an event or a record of a case: the step that made it was not taken back."""
    this = _taken_back.seq == seq if record is None else _taken_back.record == record
    return ~exists().where(_taken_back.case_id == case_id, this)


def sealed_texts(case_id: int) -> Select[Any]:
    """Every text of one case with its salt: what proves that it is the one its commitment was made for. The sealed pack
    is the one user (`reports/record/pack.py`); a pack with texts has a reason, which is recorded."""
    columns = (_text.number, _text.kind, _text.salt, _text.content)
    return select(*columns).where(_text.case_id == case_id).order_by(_text.number)


def texts_once_sent(case_id: int, numbers: Iterable[int]) -> Select[Any]:
    """Some texts of one case by their numbers, whoever asks: what a form that is sent again is compared with. That is the
    one use (`cases/repeats.py`), and all that is told is whether they are the same."""
    query = select(_text.number, _text.content)
    return query.where(_text.case_id == case_id, _text.number.in_(sorted(numbers)))


def all_numbers() -> Subquery:
    """The numbers of all cases, whoever may see them, and nothing else of them: whether a series is complete can only be
    asked of all of it. What is told from it are counts, and numbers that *no* case has; never a number that one has."""
    return select(case.series, case.year, case.serial).subquery("all_numbers")


def masked_texts(kind: TextKind) -> Select[Any]:
    """Titles or names of parties down to their first character: the rest does not leave the database. Stands inside a
    select of `visible_cases`, and speaks of the case that it has come to."""
    return _of_the_case(kind, func.substr(_text.content, 1, 1).concat(MASK))


def unmasked_texts(kind: TextKind, *, actor: Actor) -> Select[Any]:
    """The second door: the same texts as they are, for an auditor who has given a ground. The closure report is the one
    user, and it records the ground before the file is handed out. Raises `MayNotUnmask`."""
    if actor.role not in MAY_UNMASK:
        raise MayNotUnmask(actor.role)
    return _of_the_case(kind, _text.content)


def likeness_of_replies(
    connection: Connection, cases: Iterable[int], *, from_characters: int
) -> dict[tuple[int, int], str]:
    """Of the replies of some cases a token by case and number of the text, which equal ones share: alike when they differ in
    blanks only. Shorter ones are left out. The words stay here; whom a token is told to, says `may_compare`."""
    query = select(_text.case_id, _text.number, _text.content).where(
        is_among(_text.case_id, cases), _text.kind == TextKind.REPLY.value, _text.content.is_not(None)
    )
    found = ((row, likeness(row.content, from_characters=from_characters)) for row in connection.execute(query))
    return {(row.case_id, row.number): token for row, token in found if token}


def likeness(content: str, *, from_characters: int) -> str | None:
    """What a reply shares with those that differ from it in blanks only; None for a shorter one."""
    words = "".join(content.split())
    return hashlib.blake2b(words.encode(), digest_size=16).hexdigest() if len(words) >= from_characters else None


def may_compare(actor: Actor) -> None:
    """Raises `MayNotCompare` for everybody who may not be told which answers are alike."""
    if actor.role not in MAY_COMPARE:
        raise MayNotCompare(actor.role)


def _of_the_case(kind: TextKind, content: ColumnElement[Any]) -> Select[Any]:
    assert kind in NAMED_IN_REPORTS, "no report ever shows what people said"
    return select(content.label("content")).where(_text.case_id == case.id, _text.kind == kind.value).correlate(Case)
