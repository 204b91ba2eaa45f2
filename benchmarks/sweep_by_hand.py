"""A sweep as four set-based statements in one transaction: the limit of `sweep()`.

It knows that each clock crosses its first rung, that the holder and the head of the unit are told at once and the duty
leader of the centre in the morning. The hash is a random text of the right length: no database chains SHA-256 by itself.
Triggers and constraints stay on. Its effects are compared with ours after each round (`effects`).
"""

import json
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Engine, bindparam, text

from infra.columns import UTCDateTime
from infra.db import reading, transaction
from workflow.spelling import stamp

#: Whom a clock's first rung tells, in their order; `k` is the case.
_WHOM = """(SELECT k.holder_person AS id UNION ALL
            SELECT a.id FROM account a WHERE a.unit_id = k.holder_unit AND a.role = 'supervisor' AND a.active UNION ALL
            SELECT a.id FROM unit_above ua JOIN unit u ON u.id = ua.above AND u.kind = 'centre'
            JOIN account a ON a.unit_id = u.id AND a.role = 'supervisor' AND a.active WHERE ua.unit = k.holder_unit)"""
SQLITE = (
    f"""
    INSERT INTO event (stream, seq, code, occurred_at, recorded_at, actor, role, unit, data, key, hash)
    SELECT c.case_id, h.seq + 1, 'clock:crossed', c.next_crossing_at, :now, NULL, 'system', NULL,
        json_object('clock', c.number, 'due_at', replace(c.due_at, ' ', 'T') || 'Z', 'in_hand', json('false'),
            'light', json_extract(c.rungs, '$[0][1]'), 'name', c.name, 'person', k.holder_person, 'rule', c.rule,
            'rung', json_extract(c.rungs, '$[0][0]'), 'schema', 3,
            'told', json((SELECT json_group_array(id) FROM {_WHOM})), 'unit', k.holder_unit),
        replace(c.next_crossing_at, ' ', 'T') || 'Z:clock:' || c.case_id || '.' || c.number || ':'
            || json_extract(c.rungs, '$[0][0]'),
        lower(hex(randomblob(32)))
    FROM clock c JOIN stream_head h ON h.stream = c.case_id JOIN cases k ON k.id = c.case_id
    WHERE c.next_crossing_at <= :now ORDER BY c.next_crossing_at, c.case_id, c.number""",
    """
    UPDATE stream_head SET seq = event.seq, hash = event.hash FROM event
    WHERE event.id > :last AND event.stream = stream_head.stream""",
    """
    INSERT INTO message (recorded_at, stream, seq, recipient, attempts, next_try_at, bundle)
    SELECT :now, e.stream, e.seq, k.holder_person, 0, e.recorded_at, NULL
    FROM event e JOIN cases k ON k.id = e.stream WHERE e.id > :last
    UNION ALL
    SELECT :now, e.stream, e.seq, a.id, 0, e.recorded_at, NULL FROM event e JOIN cases k ON k.id = e.stream
    JOIN account a ON a.unit_id = k.holder_unit AND a.role = 'supervisor' AND a.active WHERE e.id > :last
    UNION ALL
    SELECT :now, e.stream, e.seq, a.id, 0, NULL, 'daily' FROM event e JOIN cases k ON k.id = e.stream
    JOIN unit_above ua ON ua.unit = k.holder_unit JOIN unit u ON u.id = ua.above AND u.kind = 'centre'
    JOIN account a ON a.unit_id = u.id AND a.role = 'supervisor' AND a.active WHERE e.id > :last""",
    """
    UPDATE clock SET crossed_until = next_crossing_at,
        next_crossing_at = replace(rtrim(json_extract(rungs, '$[1][2]'), 'Z'), 'T', ' ')
    WHERE next_crossing_at <= :now""",
)
POSTGRESQL = (
    f"""
    INSERT INTO event (stream, seq, code, occurred_at, recorded_at, actor, role, unit, data, key, hash)
    SELECT c.case_id, h.seq + 1, 'clock:crossed', c.next_crossing_at, :now, NULL, 'system', NULL,
        json_build_object('clock', c.number, 'due_at', to_char(c.due_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"'),
            'in_hand', false, 'light', c.rungs::json #>> '{{0,1}}', 'name', c.name, 'person', k.holder_person,
            'rule', c.rule, 'rung', c.rungs::json #>> '{{0,0}}', 'schema', 3,
            'told', (SELECT json_agg(id) FROM {_WHOM} whom), 'unit', k.holder_unit)::text,
        to_char(c.next_crossing_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z:clock:"') || c.case_id || '.'
            || c.number || ':' || (c.rungs::json #>> '{{0,0}}'),
        md5(random()::text) || md5(random()::text)
    FROM clock c JOIN stream_head h ON h.stream = c.case_id JOIN cases k ON k.id = c.case_id
    WHERE c.next_crossing_at <= :now ORDER BY c.next_crossing_at, c.case_id, c.number""",
    SQLITE[1],
    SQLITE[2],
    """
    UPDATE clock SET crossed_until = next_crossing_at, next_crossing_at = (rungs::json #>> '{1,2}')::timestamptz
    WHERE next_crossing_at <= :now""",
)


_INSTANT = UTCDateTime()
#: What one sweep has left behind of the events that came true at one instant, each query as a list of rows.
_CROSSED = "FROM event e {join} WHERE e.code = 'clock:crossed' AND e.occurred_at = :at"
_CLOCK = "JOIN cases k ON k.id = e.stream JOIN clock c ON c.case_id = e.stream AND c.crossed_until = e.occurred_at"
_TOLD = """
    JOIN message m ON m.recorded_at = e.recorded_at AND m.stream = e.stream AND m.seq = e.seq
    JOIN account a ON a.id = m.recipient JOIN unit u ON u.id = a.unit_id"""
_EFFECTS = {
    "events": "SELECT count(DISTINCT e.key), min(length(e.hash)), max(length(e.hash)), min(e.role), max(e.role), "
    "count(e.actor), count(e.unit) " + _CROSSED.format(join=""),
    "heads": "SELECT count(*) "
    + _CROSSED.format(join="JOIN stream_head h ON h.stream = e.stream AND h.seq = e.seq AND h.hash = e.hash"),
    "messages": "SELECT a.role, u.kind, m.bundle, m.attempts, m.next_try_at = m.recorded_at, m.lease, m.sent_at, count(*) "
    + _CROSSED.format(join=_TOLD)
    + " GROUP BY 1, 2, 3, 4, 5, 6, 7 ORDER BY 1, 2",
    "clocks": "SELECT count(*) " + _CROSSED.format(join=_CLOCK) + " AND c.next_crossing_at > :at",
    "still due": "SELECT count(*) FROM clock WHERE next_crossing_at <= :at",
}
#: One of the events, and what its data are taken from.
_ONE = (
    "SELECT e.stream, e.seq, e.data, e.key, c.number, c.due_at, k.holder_unit, k.holder_person, k.id "
    + _CROSSED.format(join=_CLOCK)
    + " ORDER BY e.stream LIMIT 1"
)


def sweep_by_hand(engine: Engine, *, now: datetime) -> None:
    """Every clock due by `now` is crossed, in one transaction."""
    sqlite = engine.dialect.name == "sqlite"
    with transaction(engine) as connection:
        last = connection.exec_driver_sql("SELECT coalesce(max(id), 0) FROM event").scalar_one()
        for statement in SQLITE if sqlite else POSTGRESQL:
            own = statement if sqlite else statement.replace(":now", "%(now)s").replace(":last", "%(last)s")
            connection.exec_driver_sql(own, {"now": _bound(connection, now), "last": last})


def effects(engine: Engine, *, at: datetime) -> dict[str, Any]:
    """What crossing the clocks due at this one instant has left behind: the same for any share of them, whoever did it."""
    instant = bindparam("at", at, type_=_INSTANT)
    with reading(engine) as connection:
        found: dict[str, Any] = {
            name: [tuple(row) for row in connection.execute(text(query).bindparams(instant))]
            for name, query in _EFFECTS.items()
        }
        one = connection.execute(text(_ONE).columns(due_at=_INSTANT).bindparams(instant)).one()
        query = text("SELECT recipient FROM message WHERE stream = :stream AND seq = :seq ORDER BY id")
        told = connection.execute(query, {"stream": one.stream, "seq": one.seq}).scalars().all()
    return {**found, "one": _as_any_other(one, list(told))}


def _as_any_other(event: Any, told: list[int]) -> dict[str, Any]:
    """The data and the key of an event, with what differs from clock to clock named after where it comes from."""
    own = {
        "clock": event.number, "due_at": stamp(event.due_at), "unit": event.holder_unit, "person": event.holder_person,
        "told": told,
    }  # fmt: skip
    data = json.loads(event.data)
    key = event.key.replace(f":{event.id}.{event.number}:", ":case.clock:").partition(":clock:")[2]
    return {**data, **{name: data[name] == value for name, value in own.items()}, "key": key}


def _bound(connection: Connection, instant: datetime) -> Any:
    processor = _INSTANT.dialect_impl(connection.dialect).bind_processor(connection.dialect)
    return processor(instant) if processor else instant
