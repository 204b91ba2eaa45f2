"""The ledger: events are added at the end of their chain and never changed, on the program's own connection too."""

import hashlib
import json
from datetime import UTC, datetime, timedelta, timezone

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from cases.sweep import sweep
from infra.db import owned, reading, transaction
from ledger.chain import GENESIS, Head, NewEvent, append_to_office, chained, commitment, event_hash, lock_head
from tests.cases.records import DAY, START, World
from workflow.model import AccountId, Actor, Role, UnitId
from workflow.procedures.every_case.commands import Accept
from workflow.spelling import stamp

# -- append-only ------------------------------------------------------------------------------------------------------

_COPY = "SELECT {id}, stream, {seq}, code, occurred_at, recorded_at, actor, role, unit, data, {key}, hash FROM event WHERE stream = 1 AND seq = 1"  # fmt: skip
_COLUMNS = "(id, stream, seq, code, occurred_at, recorded_at, actor, role, unit, data, key, hash)"

REFUSED = {
    "update": "UPDATE event SET code = 'case:closed'",
    "update of one column that is not hashed": "UPDATE event SET id = id + 1000",
    "update that changes nothing": "UPDATE event SET code = code WHERE seq = 1",
    "delete of the last event": "DELETE FROM event WHERE stream = 1 AND seq = 2",
    "delete of everything": "DELETE FROM event",
    "a gap": f"INSERT INTO event {_COLUMNS} {_COPY.format(id=900, seq=4, key='NULL')}",
    "a second first event": f"INSERT INTO event {_COLUMNS} {_COPY.format(id=900, seq=1, key='NULL')}",
    "a stream that begins with two": f"INSERT INTO event {_COLUMNS} {_COPY.replace('stream, {seq}', '77, {seq}').format(id=900, seq=2, key='NULL')}",
    "no place at all": f"INSERT INTO event {_COLUMNS} {_COPY.format(id=900, seq='NULL', key='NULL')}",
    "upsert": f"INSERT INTO event {_COLUMNS} {_COPY.format(id=1, seq=3, key='NULL')} AND true ON CONFLICT (id) DO UPDATE SET code = 'x'",
}
REFUSED_BY_SQLITE = {
    "replace": f"REPLACE INTO event {_COLUMNS} {_COPY.format(id=1, seq=1, key='key')}",
    "insert or replace by id": f"INSERT OR REPLACE INTO event {_COLUMNS} {_COPY.format(id=1, seq=3, key='NULL')}",
    "insert or replace by key": f"INSERT OR REPLACE INTO event {_COLUMNS} {_COPY.format(id=900, seq=3, key='key')}",
    "update or replace": "UPDATE OR REPLACE event SET seq = 1 WHERE stream = 1 AND seq = 2",
}
REFUSED_BY_POSTGRESQL = {
    "truncate": "TRUNCATE event",
    "truncate that cascades": "TRUNCATE cases CASCADE; TRUNCATE event CASCADE",
    "delete by a common table expression": "WITH gone AS (DELETE FROM event RETURNING *) SELECT * FROM gone",
    "update as a replica": "SET LOCAL session_replication_role = replica; UPDATE event SET code = 'x'",
    "merge": "MERGE INTO event e USING cases c ON c.id = e.stream WHEN MATCHED THEN DELETE",
}


def _is_refused(world: World, statement: str) -> None:
    case = world.open().case_id
    world.take(case, Accept(), by="clerk")
    found = world.everything()
    with pytest.raises(DBAPIError, match=r"append-only|no gaps|UNIQUE|unique"):
        _run(world, statement.split("; "))
    assert world.everything() == found
    assert world.ledger_agrees()


def _run(world: World, statements: list[str]) -> None:
    """In one transaction of the owner's, whom only the triggers stop; the program itself may not even ask
    (`tests/faults/test_append_only.py`)."""
    with owned(world.engine) as owning, transaction(owning) as connection:
        for statement in statements:
            connection.execute(text(statement))


@pytest.mark.parametrize("attack", list(REFUSED))
def test_an_event_can_only_be_added_at_the_end_of_its_stream(world: World, attack: str) -> None:
    _is_refused(world, REFUSED[attack])


@pytest.mark.parametrize("attack", list(REFUSED_BY_SQLITE))
def test_sqlite_s_own_ways_to_replace_a_row_are_refused(sqlite_world: World, attack: str) -> None:
    _is_refused(sqlite_world, REFUSED_BY_SQLITE[attack])


@pytest.mark.parametrize("attack", list(REFUSED_BY_POSTGRESQL))
def test_postgresql_s_own_ways_to_empty_a_table_are_refused(postgres_world: World, attack: str) -> None:
    _is_refused(postgres_world, REFUSED_BY_POSTGRESQL[attack])


# -- the hash ---------------------------------------------------------------------------------------------------------

#: An event as an auditor finds it, and its hash, worked out with Python's standard library alone:
#: sha256 of the UTF-8 of `json.dumps([...], ensure_ascii=False, separators=(",", ":"))`.
COLUMNS = (
    '[7,2,"case:accepted","2026-03-02T01:00:00.000000Z","2026-03-02T01:00:00.000001Z",3,"clerk",2,'
    '"{\\"command\\":{\\"name\\":\\"Accept\\"},\\"schema\\":4,\\"version\\":2,\\"备注\\":\\"甲\\"}","request:00ff",'
    '"a3f1c0de00000000000000000000000000000000000000000000000000000000"]'
)
HASH = "dd4c6dc5acef6108709f20abb2884b3fd6df45b0da46b44f3df6e8acfe0e3e07"


def test_the_hash_of_an_event_is_what_it_has_always_been() -> None:
    head, row = chained(
        7,
        Head(1, "a3f1c0de" + "0" * 56),
        NewEvent(
            code="case:accepted",
            occurred_at=START,
            recorded_at=START + timedelta(microseconds=1),
            actor=Actor(account=AccountId(3), role=Role.CLERK, unit=UnitId(2)),
            data={"version": 2, "备注": "甲", "command": {"name": "Accept"}},
            key="request:00ff",
        ),
    )
    assert event_hash(json.loads(COLUMNS)) == hashlib.sha256(COLUMNS.encode()).hexdigest() == HASH
    assert (head.seq, head.hash, row["hash"], row["seq"]) == (2, HASH, HASH, 2)
    assert head.at == row["recorded_at"] == START + timedelta(microseconds=1)


def test_every_column_of_an_event_changes_its_hash() -> None:
    columns = json.loads(COLUMNS)
    others = [event_hash([*columns[:i], "other", *columns[i + 1 :]]) for i in range(len(columns))]
    assert len({HASH, *others}) == len(columns) + 1


def test_two_columns_cannot_be_shifted_into_each_other() -> None:
    """What separates them is not a character that they could hold."""
    assert event_hash(["a", "b,c"]) != event_hash(["a,b", "c"])
    assert event_hash(["1", 1, None]) != event_hash([1, "1", "None"])


@pytest.mark.parametrize(
    ("instant", "spelled"),
    [
        (datetime(2026, 3, 2, 9, tzinfo=timezone(timedelta(hours=8))), "2026-03-02T01:00:00.000000Z"),
        (datetime(2026, 3, 2, 1, 0, 0, 7, tzinfo=UTC), "2026-03-02T01:00:00.000007Z"),
        (datetime(2026, 1, 1, tzinfo=timezone(timedelta(hours=8))), "2025-12-31T16:00:00.000000Z"),
    ],
)
def test_an_instant_has_one_spelling_whatever_zone_it_came_in(instant: datetime, spelled: str) -> None:
    assert stamp(instant) == spelled


def test_a_commitment_is_the_hash_of_salt_and_text() -> None:
    known = hashlib.sha256("00112233445566778899aabbccddeeff\n楼上漏水".encode()).hexdigest()
    assert commitment("00112233445566778899aabbccddeeff", "楼上漏水") == known == COMMITMENT


COMMITMENT = "9306c1b2e32132985ce762e52f99dc17b41e20e5f72f83a023e77333725437b5"


# -- the chain --------------------------------------------------------------------------------------------------------


def test_every_event_is_chained_to_the_one_before_crossings_too(world: World) -> None:
    """Recomputed from the rows as an auditor would, steps and crossings of a whole batch alike."""
    cases = [world.open().case_id for _ in range(3)]
    sweep(world.engine, now=START + 15 * DAY)
    for case in cases[:2]:
        world.take(case, Accept(), by="clerk", at=START + 18 * DAY)
    for case, expected in zip(cases, (5, 5, 3), strict=True):
        events, last = world.events(case), GENESIS
        assert [e["seq"] for e in events] == list(range(1, expected + 1))
        for e in events:
            last = event_hash(
                [
                    case, e["seq"], e["code"], stamp(e["occurred_at"]), stamp(e["recorded_at"]), e["actor"], e["role"],
                    e["unit"], e["data"], e["key"], last,
                ]
            )  # fmt: skip
            assert e["hash"] == last
        with transaction(world.engine) as connection:
            assert lock_head(connection, case) == Head(expected, last, events[-1]["recorded_at"])


def test_the_same_event_in_two_streams_has_two_hashes(world: World) -> None:
    for _ in range(2):
        world.open()
    hashes = world.column("SELECT hash FROM event WHERE stream > 0")
    assert len(hashes) == len(set(hashes)) == 2


def test_a_stream_that_nobody_began_has_no_head(world: World) -> None:
    with reading(world.engine) as connection:
        assert lock_head(connection, 404) is None


def test_an_office_is_founded_with_its_own_event_and_that_of_its_first_policy(world: World) -> None:
    founded, published = world.events(0)[:2]
    assert [(one["seq"], one["code"]) for one in (founded, published)] == [
        (1, "office:founded"),
        (2, "policy:published"),
    ]
    assert {(one["role"], one["actor"]) for one in (founded, published)} == {("system", None)}
    assert json.loads(published["data"])["version"] == world.office.policy.version


def test_events_of_the_office_have_a_chain_of_their_own(world: World) -> None:
    actor, last = world.actor("clerk"), len(world.events(0))
    for number in (1, 2):
        with transaction(world.engine) as connection:
            event = NewEvent(
                code="session:begun", occurred_at=START, recorded_at=START, actor=actor, data={"n": number}
            )
            assert append_to_office(connection, event).seq == last + number
    assert [e["seq"] for e in world.events(0)] == list(range(1, last + 3))
    assert world.ledger_agrees()


def test_numbers_that_json_cannot_hold_exactly_never_reach_the_ledger(world: World) -> None:
    """Codes, whole figures and flags only: a float would be spelled differently by another program."""

    def leaves(value: object) -> set[type]:
        match value:
            case dict():
                return set().union(*map(leaves, value.values())) if value else set()
            case list():
                return set().union(*map(leaves, value)) if value else set()
            case _:
                return {type(value)}

    case = world.open("mediation").case_id
    sweep(world.engine, now=START + 30 * DAY)
    found = set().union(*(leaves(json.loads(e["data"])) for e in world.events(case)))
    assert found <= {str, int, bool, type(None)}
