"""The statements of three steps as one would write them by hand for the driver: the limit of `execute`.

A session that is held, an extension by consent (one clock stops, its successor starts, the head of the unit is told),
a settlement (one clock stops, two start). Only what the two databases spell differently is a placeholder in braces.
"""

LOCK_HEAD = "SELECT seq, hash FROM stream_head WHERE stream = ?{for_update}"
LAST_AT = "SELECT recorded_at FROM event WHERE stream = ? AND seq = ?"
FIND_KEY = "SELECT stream, seq, code, data FROM event WHERE key = ?"
LOAD_CASE = """
    SELECT id, procedure, profile, state, version, dispute_type, channel, received_at, registered_at, holder_unit,
        holder_person, custody_number, custody_from, milestones, next_number, closed_at, outcome, extension_asked,
        series, year, serial, public_id
    FROM cases
    WHERE cases.id IN (
        SELECT mine.id FROM cases AS mine WHERE mine.holder_person IN (?, ?) AND mine.id = ?
        UNION ALL SELECT appointment.case_id FROM appointment
            WHERE appointment.person IN (?, ?) AND appointment.until_at IS NULL AND appointment.case_id = ?
        UNION ALL SELECT participant.case_id FROM participant
            WHERE participant.person IN (?, ?) AND participant.until_at IS NULL AND participant.case_id = ?
        UNION ALL SELECT task.case_id FROM task
            WHERE task.person IN (?, ?) AND task.until_at IS NULL AND task.case_id = ?
        UNION ALL SELECT waiting.id FROM cases AS waiting
            WHERE waiting.holder_unit = ? AND waiting.holder_person IS NULL AND waiting.closed_at IS NULL
                AND (waiting.state = ? OR waiting.state = ?) AND waiting.id = ?)
    AND NOT (EXISTS (SELECT * FROM recusal WHERE recusal.case_id = cases.id AND recusal.person IN (?, ?)))
    AND cases.id = ?"""
LOAD_CLOCKS = """
    SELECT number, name, rule, policy, kind, started_at, length, unit, due_at, rungs, pauses, provisional, extends,
        opened_at, acknowledged_at, waived, about, charged_unit, charged_person, stopped_at, outcome, crossed_until
    FROM clock WHERE case_id = ? ORDER BY number"""
LOAD_PARTIES = "SELECT number, side, name, contact, consent FROM party WHERE case_id = ? ORDER BY number"
LOAD_APPOINTMENTS = """
    SELECT number, person, chief, from_at, until_at, disclosure FROM appointment WHERE case_id = ? ORDER BY number"""
UPDATE_CASE = """
    UPDATE cases SET version=?, state=?, milestones=?, next_number=?, holder_unit=?, holder_person=?, custody_number=?,
        custody_from=?, next_due_at=?, paused_until=?, extension_asked=?, outcome=?, closed_at=?
    WHERE id = ? AND version = ?"""
NEW_TEXT = "INSERT INTO personal_text (case_id, number, kind, salt, content) VALUES (?, ?, ?, ?, ?)"
NEW_SESSION = """
    INSERT INTO mediation_session (case_id, number, form, place, minutes, invitees, more_invitees, held_at)
    VALUES (?, ?, ?, ?, ?, ?, ?, ?)"""
NEW_AGREEMENT = """
    INSERT INTO agreement (case_id, number, form, partial, terms, amount_yuan, effective_at, performance_due_on)
    VALUES (?, ?, ?, ?, ?, ?, ?, ?)"""
NEW_CLOCK = """
    INSERT INTO clock (case_id, number, name, rule, policy, kind, started_at, length, unit, due_at, rungs, pauses,
        provisional, extends, opened_at, acknowledged_at, waived, about, charged_unit, charged_person, stopped_at,
        outcome, yellow_at, red_at, crossed_until, next_crossing_at)
    VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"""
CHANGE_CLOCK = """
    UPDATE clock SET name=?, rule=?, policy=?, kind=?, started_at=?, length=?, unit=?, due_at=?, rungs=?, pauses=?,
        provisional=?, extends=?, opened_at=?, acknowledged_at=?, waived=?, about=?, charged_unit=?, charged_person=?, stopped_at=?, outcome=?, yellow_at=?, red_at=?, crossed_until=?,
        next_crossing_at=?
    WHERE case_id = ? AND number = ?"""
#: What can be found of the texts; SQLite's own index is told of them later.
TERMS = (
    "INSERT INTO finding (id, words) VALUES (?, ?)",
    "INSERT INTO finding_terms_new (id) VALUES (?)",
    "SELECT count(*) AS count_1 FROM finding_terms_new",
)
NEW_EVENT = """
    INSERT INTO event (stream, seq, code, occurred_at, recorded_at, actor, role, unit, data, key, hash)
    VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"""
MOVE_HEAD = "UPDATE stream_head SET seq=?, hash=? WHERE stream = ?"
FIND_POSTS = """
    SELECT unit_above.unit, account.id AS account, account.role, unit.kind, unit_above.depth, NULL AS absent
    FROM unit_above JOIN unit ON unit_above.above = unit.id
        LEFT OUTER JOIN account ON account.unit_id = unit.id AND account.active IS {true}
            AND (unit_above.depth = ? OR account.role IN (?, ?, ?, ?))
    WHERE unit_above.unit = ?
    UNION ALL SELECT unit_above.unit, post.account_id, post.role, unit.kind, unit_above.depth, post.stands_in_for
    FROM post JOIN account ON account.id = post.account_id AND account.active IS {true}
        JOIN unit ON unit.id = post.unit_id JOIN unit_above ON unit_above.above = unit.id
    WHERE post.active IS {true} AND (unit_above.depth = ? OR post.role IN (?, ?, ?, ?)) AND unit_above.unit = ?
    ORDER BY unit, depth, account"""
NEW_MESSAGE = """
    INSERT INTO message (recorded_at, stream, seq, recipient, attempts, next_try_at, bundle)
    VALUES (?, ?, ?, ?, ?, ?, ?)"""

LOAD = (LOCK_HEAD, LAST_AT, FIND_KEY, LOAD_CASE, LOAD_CLOCKS, LOAD_PARTIES, LOAD_APPOINTMENTS)
APPEND = (NEW_EVENT, MOVE_HEAD)
APPEND_AND_TELL = (FIND_POSTS, *APPEND, NEW_MESSAGE)
STEPS = {
    "HoldSession": (*LOAD, UPDATE_CASE, NEW_TEXT, NEW_TEXT, NEW_SESSION, *TERMS, *APPEND),
    "ExtendByConsent": (*LOAD, UPDATE_CASE, NEW_CLOCK, CHANGE_CLOCK, *APPEND_AND_TELL),
    "Settle": (*LOAD, UPDATE_CASE, NEW_TEXT, NEW_AGREEMENT, NEW_CLOCK, NEW_CLOCK, *TERMS, CHANGE_CLOCK, *APPEND_AND_TELL),
}  # fmt: skip
SPELLINGS = {
    "sqlite": {"for_update": "", "true": "1"},
    "postgresql": {"for_update": " FOR UPDATE", "true": "true"},
}


def statements(dialect: str) -> dict[str, tuple[str, ...]]:
    """Each step's statements for one driver, with its own mark for a value."""
    mark = "?" if dialect == "sqlite" else "%s"
    spell = SPELLINGS[dialect]
    return {
        step: tuple(" ".join(text.split()).format(**spell).replace("?", mark) for text in texts)
        for step, known in STEPS.items()
        for texts in ([text for text in known if dialect == "sqlite" or text not in TERMS[1:]],)
    }
