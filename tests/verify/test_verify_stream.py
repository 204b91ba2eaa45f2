"""Whatever is changed in the ledger is named: which event of which stream, and what it should be."""

from datetime import timedelta

import pytest
from sqlalchemy import delete, insert, select, text, update

from tests.verify.records import (
    CLOCK,
    EVENT,
    HEAD,
    HOTLINE,
    MEDIATION,
    MESSAGE,
    PETITION,
    START,
    Record,
    crossings,
    event,
    last_event,
    named,
    rechain,
    running_clock,
)
from verify.checking import verify

# -- the chain --------------------------------------------------------------------------------------------------------


def test_an_event_whose_data_were_edited_is_named(record: Record) -> None:
    with record.attacked() as connection:
        last = last_event(connection, MEDIATION)
        connection.execute(
            update(EVENT).where(event(MEDIATION, last)).values(data=text("replace(data, 'joint', 'caucus')"))
        )
    found = named(verify(record.url))
    assert ("chains.hash", "event", MEDIATION, last, "hash") in found
    assert [place[3] for place in found if place[0] == "chains.hash"] == [last]
    assert "rows.differs" in {place[0] for place in found}  # the session's own row still says what was held


@pytest.mark.parametrize("column", ["occurred_at", "recorded_at"])
def test_a_re_dated_event_is_named(record: Record, column: str) -> None:
    with record.attacked() as connection:
        connection.execute(update(EVENT).where(event(MEDIATION, 3)).values({column: START + timedelta(hours=5)}))
    assert named(verify(record.url)) == {("chains.hash", "event", MEDIATION, 3, "hash")}


@pytest.mark.parametrize("column", ["code", "role", "key"])
def test_an_event_of_which_a_word_was_changed_is_named(record: Record, column: str) -> None:
    with record.attacked() as connection:
        connection.execute(update(EVENT).where(event(PETITION, 1)).values({column: "another"}))
    assert named(verify(record.url)) == {("chains.hash", "event", PETITION, 1, "hash")}


@pytest.mark.parametrize("column", ["actor", "unit"])
def test_an_event_given_to_somebody_else_is_named(record: Record, column: str) -> None:
    with record.attacked() as connection:
        connection.execute(update(EVENT).where(event(HOTLINE, 3)).values({column: 5}))
    assert named(verify(record.url)) == {("chains.hash", "event", HOTLINE, 3, "hash")}


def test_a_deleted_event_leaves_a_gap_that_is_named(record: Record) -> None:
    with record.attacked() as connection:
        connection.execute(delete(EVENT).where(event(MEDIATION, 5)))
    report = verify(record.url)
    assert ("chains.gap", "event", MEDIATION, 6, "seq") in named(report)
    assert "versions.step" in {finding.code for finding in report.findings}
    assert any("expected seq 5, found 6" in finding.line() for finding in report.findings)


def test_a_tail_that_was_cut_off_is_named(record: Record) -> None:
    with record.attacked() as connection:
        last = last_event(connection, MEDIATION)
        connection.execute(delete(EVENT).where(EVENT.c.stream == MEDIATION, EVENT.c.seq > last - 2))
    found = named(verify(record.url))
    assert ("chains.tail", "event", MEDIATION, last - 2, None) in found
    assert ("rows.orphan", "mediation_session") in {place[:2] for place in found}


def test_a_tail_that_was_cut_off_with_its_head_is_named_by_the_rows_it_left(record: Record) -> None:
    with record.attacked() as connection:
        connection.execute(delete(EVENT).where(event(MEDIATION, last_event(connection, MEDIATION))))
        rechain(connection, MEDIATION)
    found = named(verify(record.url))
    assert not {place for place in found if place[0].startswith("chains")}
    assert ("versions.differs", "cases", MEDIATION, None, "version") in found
    assert ("rows.differs", "cases", MEDIATION, None, "state") in found


def test_two_hashes_that_changed_places_are_named(record: Record) -> None:
    with record.attacked() as connection:
        rows = select(EVENT.c.seq, EVENT.c.hash).where(EVENT.c.stream == PETITION, EVENT.c.seq.in_((2, 3)))
        hashes = {row.seq: row.hash for row in connection.execute(rows)}
        connection.execute(update(EVENT).where(event(PETITION, 2)).values(hash=hashes[3]))
        connection.execute(update(EVENT).where(event(PETITION, 3)).values(hash=hashes[2]))
    # The event after them follows from a hash that is no longer there.
    assert named(verify(record.url)) == {("chains.hash", "event", PETITION, seq, "hash") for seq in (2, 3, 4)}


@pytest.mark.postgres
def test_an_event_that_is_there_twice_is_named(postgres_record: Record) -> None:
    with postgres_record.attacked() as connection:
        connection.execute(text("ALTER TABLE event DROP CONSTRAINT uq_event_stream_seq"))
        row = connection.execute(select(EVENT).where(event(PETITION, 4))).one()._mapping
        connection.execute(insert(EVENT).values(dict(row) | {"id": 9999, "key": "again"}))
    assert ("chains.twice", "event", PETITION, 4, None) in named(verify(postgres_record.url))


def test_a_head_that_was_moved_is_named(record: Record) -> None:
    with record.attacked() as connection:
        connection.execute(update(HEAD).where(HEAD.c.stream == PETITION).values(hash="0" * 64))
    assert named(verify(record.url)) == {("chains.head", "stream_head", PETITION, None, "hash")}


def test_a_stream_without_its_head_is_named(record: Record) -> None:
    with record.attacked() as connection:
        connection.execute(delete(HEAD).where(HEAD.c.stream == PETITION))
    assert named(verify(record.url)) == {("chains.no_head", "stream_head", PETITION, None, None)}


def test_a_head_without_any_event_is_named(record: Record) -> None:
    with record.attacked() as connection:
        connection.execute(insert(HEAD).values(stream=77, seq=0, hash=""))
    assert named(verify(record.url)) == {("chains.no_events", "stream_head", 77, None, None)}


def test_data_that_are_no_json_are_named_and_do_not_stop_the_check(record: Record) -> None:
    with record.attacked() as connection:
        connection.execute(update(EVENT).where(event(HOTLINE, 2)).values(data="{"))
        clock = running_clock(connection, PETITION)
        row = (CLOCK.c.case_id == PETITION) & (CLOCK.c.number == clock)
        connection.execute(update(CLOCK).where(row).values(length=1))
    found = named(verify(record.url))
    assert ("chains.data", "event", HOTLINE, 2, "data") in found
    assert ("rows.differs", "clock", PETITION, clock, "length") in found


@pytest.mark.parametrize(
    "data",
    [
        "[]",
        '{"wrote":[]}',
        '{"wrote":{"clock":{"x":{}}}}',
        '{"wrote":{"clock":{"8":{"rungs":"[[1]]"}}},"version":"2"}',
        '{"wrote":{"clock":{"8":{"rungs":7}}},"version":null}',
        "[" * 100_000,
    ],
)
def test_no_data_however_odd_stop_the_check(sqlite_record: Record, data: str) -> None:
    with sqlite_record.attacked() as connection:
        connection.execute(update(EVENT).where(event(HOTLINE, 2)).values(data=data))
    assert ("chains.hash", "event", HOTLINE, 2, "hash") in named(verify(sqlite_record.url))


def test_a_stream_whose_name_is_no_number_is_named(sqlite_record: Record) -> None:
    with sqlite_record.attacked() as connection:
        last = last_event(connection, PETITION)
        connection.execute(text(f"UPDATE event SET stream = 'x' WHERE stream = {PETITION} AND seq = {last}"))
        connection.execute(text("UPDATE event SET actor = CAST(x'ff31' AS TEXT) WHERE stream = 2 AND seq = 1"))
    found = named(verify(sqlite_record.url))
    assert ("chains.tail", "event", PETITION, last - 1, None) in found
    assert ("chains.no_head", "stream_head", "x", None, None) in found
    assert ("chains.hash", "event", HOTLINE, 1, "hash") in found


# -- crossings of forgers who hash anew -------------------------------------------------------------------------------


def test_a_crossing_moved_to_a_later_instant_is_named_even_if_everything_is_hashed_anew(record: Record) -> None:
    with record.attacked() as connection:
        seq = crossings(connection, PETITION)[-1]
        connection.execute(update(EVENT).where(event(PETITION, seq)).values(occurred_at=START + timedelta(days=30)))
        rechain(connection, PETITION)
    found = named(verify(record.url))
    assert ("crossings.no_rung", "event", PETITION, seq, None) in found
    assert not {place for place in found if place[0].startswith("chains")}


def test_a_crossing_that_was_left_out_is_named_even_if_everything_is_hashed_anew(record: Record) -> None:
    with record.attacked() as connection:
        seq, clock = last_event(connection, MEDIATION) - 1, running_clock(connection, MEDIATION)
        connection.execute(delete(EVENT).where(event(MEDIATION, seq)))
        rechain(connection, MEDIATION)  # the session, which came after the crossing, now has its seq
    found = named(verify(record.url))
    assert ("crossings.left_out", "event", MEDIATION, seq, None) in found
    assert ("derived.differs", "clock", MEDIATION, clock, "crossed_until") in found
    assert not {place for place in found if place[0].startswith("chains")}


def test_a_crossing_that_is_recorded_twice_is_named(record: Record) -> None:
    with record.attacked() as connection:
        last = last_event(connection, PETITION)
        row = connection.execute(select(EVENT).where(event(PETITION, last))).one()._mapping
        connection.execute(insert(EVENT).values(dict(row) | {"id": 9999, "seq": last + 1, "key": "again"}))
        rechain(connection, PETITION)
    assert named(verify(record.url)) == {
        ("crossings.twice", "event", PETITION, last + 1, None),
        ("messages.missing", "message", PETITION, last + 1, "recipient"),  # those whom the second one would have told
    }


def test_crossings_in_another_order_than_they_came_true_are_named(record: Record) -> None:
    with record.attacked() as connection:
        first, second = crossings(connection, PETITION)[:2]
        for seq, other in ((first, 900), (second, first), (900, second)):
            connection.execute(update(EVENT).where(event(PETITION, seq)).values(seq=other))
        rechain(connection, PETITION)
    assert ("crossings.order", "event", PETITION, second, None) in named(verify(record.url))


def test_a_crossing_of_a_clock_that_had_stopped_is_named(record: Record) -> None:
    with record.attacked() as connection:
        last = last_event(connection, MEDIATION)
        row = (
            connection.execute(select(EVENT).where(event(MEDIATION, crossings(connection, MEDIATION)[0])))
            .one()
            ._mapping
        )
        data = row["data"].replace('"yellow"', '"red"')
        # The red of the clock that was extended after 25 of its 30 days: 24:00 of 1 April in Shanghai.
        red = START.replace(month=4, day=1, hour=16)
        forged = {"id": 9999, "seq": last + 1, "key": "again", "data": data, "occurred_at": red, "recorded_at": red}
        connection.execute(insert(EVENT).values(dict(row) | forged))
        rechain(connection, MEDIATION)
    assert ("crossings.stopped", "event", MEDIATION, last + 1, None) in named(verify(record.url))


def test_a_crossing_noticed_before_it_came_true_is_named(record: Record) -> None:
    with record.attacked() as connection:
        seq = crossings(connection, PETITION)[-1]
        about_it = (MESSAGE.c.stream == PETITION) & (MESSAGE.c.seq == seq)
        connection.execute(update(EVENT).where(event(PETITION, seq)).values(recorded_at=START))
        connection.execute(update(MESSAGE).where(about_it).values(recorded_at=START))
        rechain(connection, PETITION)
    assert named(verify(record.url)) == {("crossings.early", "event", PETITION, seq, "recorded_at")}


def test_a_crossing_blamed_on_another_holder_is_named(record: Record) -> None:
    with record.attacked() as connection:
        seq = crossings(connection, MEDIATION)[0]
        data = connection.execute(select(EVENT.c.data).where(event(MEDIATION, seq))).scalar_one()
        connection.execute(
            update(EVENT).where(event(MEDIATION, seq)).values(data=data.replace('"person":3', '"person":4'))
        )
        rechain(connection, MEDIATION)
    assert named(verify(record.url)) == {("crossings.differs", "event", MEDIATION, seq, "data")}
