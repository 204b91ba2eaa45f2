"""The six attacks of somebody who owns the database, knows the format and has time. The triggers are gone when they begin.

An attack takes the database, the seq of each stream that the older anchor holds, and chance; it says what it did.
"""

import hashlib
from collections import Counter
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from random import Random
from typing import Any

from tests.experiments.edits import LABELS
from tests.experiments.owners import Owner
from verify.report import Notes
from verify.rows import DERIVED, derived_of
from verify.stream import EVENT_COLUMNS, OFFICE_STREAM, Event, event_hash, fold, said_by

Heads = Mapping[int, int]
Attack = Callable[[Owner, Heads, Random], str]
SPELLED = "%Y-%m-%d %H:%M:%S.%f"
RECORDS = tuple(table for table, columns in LABELS.items() if {"case_id", "number"} <= set(columns))


def delete_in_the_middle(file: Owner, _: Heads, rng: Random) -> str:
    """One event that is not the last of its stream; nothing else."""
    stream, seq = _pick(file, rng, "seq < (SELECT max(seq) FROM event e WHERE e.stream = event.stream)")
    file.execute("DELETE FROM event WHERE stream = ? AND seq = ?", (stream, seq))
    return f"deleted {stream}/{seq}"


def delete_the_last(file: Owner, _: Heads, rng: Random) -> str:
    """The last event of a stream; nothing else."""
    stream, seq = _pick(file, rng, "seq = (SELECT max(seq) FROM event e WHERE e.stream = event.stream) AND seq > 1")
    file.execute("DELETE FROM event WHERE stream = ? AND seq = ?", (stream, seq))
    return f"deleted {stream}/{seq}"


def cut_off_and_mend(file: Owner, _: Heads, rng: Random) -> str:
    """The last one to five events of a case, and every trace of them: rows, messages, head."""
    stream, last = _pick(file, rng, "seq = (SELECT max(seq) FROM event e WHERE e.stream = event.stream) AND seq > 1 AND stream > 0")  # fmt: skip
    keep = last - rng.randint(1, min(5, last - 1))
    for table in ("event", "message"):
        file.execute(f"DELETE FROM {table} WHERE stream = ? AND seq > ?", (stream, keep))
    _rechain(file, stream)
    _refold(file, stream)
    _mend_closed_years(file, stream)
    return f"cut {stream} off after {keep}"


def back_date(file: Owner, _: Heads, rng: Random) -> str:
    """An event anywhere becomes earlier, and everything after it is hashed anew."""
    return _back_date(file, *_pick(file, rng, "stream > 0"), rng)


def back_date_after_the_anchor(file: Owner, anchored: Heads, rng: Random) -> str:
    """The same with an event that the older anchor does not hold."""
    places = [(stream, seq) for stream, seq in _places(file, "stream > 0") if seq > anchored.get(stream, 0)]
    return _back_date(file, *rng.choice(places), rng)


def insert_a_forged_one(file: Owner, _: Heads, rng: Random) -> str:
    """An event that changes no row, between two others: whatever follows is numbered and hashed anew."""
    stream, seq = _pick(file, rng, "stream > 0 AND seq < (SELECT max(seq) FROM event e WHERE e.stream = event.stream)")
    for table in ("message", "event"):
        later = file.execute(
            f"SELECT id, seq FROM {table} WHERE stream = ? AND seq > ? ORDER BY seq DESC", (stream, seq)
        )
        for row, place in later:
            file.execute(f"UPDATE {table} SET seq = ? WHERE id = ?", (place + 1, row))
    columns = "occurred_at, recorded_at, actor, role, unit"
    file.execute(
        f"INSERT INTO event (stream, seq, code, data, key, hash, {columns}) SELECT stream, seq + 1, 'case:served', '{{}}', NULL, '', {columns} "
        "FROM event WHERE stream = ? AND seq = ?",
        (stream, seq),
    )
    _rechain(file, stream)
    _mend_closed_years(file, stream)
    return f"forged {stream}/{seq + 1}"


ATTACKS: dict[str, Attack] = {
    "delete an event in the middle": delete_in_the_middle,
    "delete the last event": delete_the_last,
    "delete the last events, mend rows and head": cut_off_and_mend,
    "back-date, hash anew, fold anew": back_date,
    "the same after the older anchor": back_date_after_the_anchor,
    "insert a forged event, hash anew": insert_a_forged_one,
}


# -- what an attacker knows of the format -----------------------------------------------------------------------------


def _places(file: Owner, condition: str) -> list[tuple[int, int]]:
    return file.execute(f"SELECT stream, seq FROM event WHERE {condition} ORDER BY stream, seq")


def _pick(file: Owner, rng: Random, condition: str) -> tuple[int, int]:
    return rng.choice(_places(file, condition))


def _back_date(file: Owner, stream: int, seq: int, rng: Random) -> str:
    """Both instants; a crossing keeps the one at which its rung was. Messages about it follow."""
    earlier = timedelta(seconds=rng.randint(1, 5 * 86400))
    ((code, occurred, recorded),) = file.execute(
        "SELECT code, occurred_at, recorded_at FROM event WHERE stream = ? AND seq = ?", (stream, seq)
    )
    noticed = _moved(recorded, earlier)
    if code == "clock:crossed":
        came_true = occurred
        noticed = max(noticed, occurred)  # nobody notices what has not come true
        if noticed == recorded:
            noticed = _moved(recorded, timedelta(microseconds=-1))  # then a little later; the forger wants another hash
    else:
        came_true = _moved(occurred, earlier)
    file.execute(
        "UPDATE event SET occurred_at = ?, recorded_at = ? WHERE stream = ? AND seq = ?",
        (came_true, noticed, stream, seq),
    )
    file.execute("UPDATE message SET recorded_at = ? WHERE stream = ? AND seq = ?", (noticed, stream, seq))
    _rechain(file, stream)
    _refold(file, stream)
    _mend_closed_years(file, stream)
    return f"{stream}/{seq} from {recorded} to {noticed}"


def _moved(spelled: str, earlier: timedelta) -> str:
    return (datetime.fromisoformat(spelled) - earlier).strftime(SPELLED)


def _events(file: Owner, stream: int) -> list[Event]:
    found = file.execute(f"SELECT {', '.join(EVENT_COLUMNS)} FROM event WHERE stream = ? ORDER BY seq", (stream,))
    return [
        event._replace(occurred_at=_as_hashed(event.occurred_at), recorded_at=_as_hashed(event.recorded_at))
        for event in map(Event._make, found)
    ]


def _rechain(file: Owner, stream: int) -> None:
    seq, last = 0, ""
    for event in _events(file, stream):
        seq, last = event.seq, event_hash(event, last)
        file.execute("UPDATE event SET hash = ? WHERE stream = ? AND seq = ?", (last, stream, seq))
    file.execute("UPDATE stream_head SET seq = ?, hash = ? WHERE stream = ?", (seq, last, stream))


def _mend_closed_years(file: Owner, stream: int) -> None:
    """What years were closed at, and the event that says so: the forger writes the office's own chain anew too, and has the
    marks counted again by the program itself."""
    for words in ("DELETE FROM mark", "DELETE FROM tally", "UPDATE stream_head SET tallied = 0"):
        file.execute(words)
    for year, cut in file.execute("SELECT year, seq FROM year_cutoff WHERE stream = ?", (stream,)):
        ((seq, head),) = file.execute(
            "SELECT seq, hash FROM event WHERE stream = ? AND seq <= ? ORDER BY seq DESC LIMIT 1", (stream, cut)
        )
        file.execute(
            "UPDATE year_cutoff SET seq = ?, hash = ? WHERE year = ? AND stream = ?", (seq, head, year, stream)
        )
        heads = file.execute("SELECT stream, seq, hash FROM year_cutoff WHERE year = ? ORDER BY stream", (year,))
        new = hashlib.sha256("".join(f"{a} {b} {c}\n" for a, b, c in heads).encode()).hexdigest()
        ((old,),) = file.execute("SELECT cutoff_hash FROM year_close WHERE year = ?", (year,))
        file.execute("UPDATE year_close SET cutoff_hash = ? WHERE year = ?", (new, year))
        file.execute("UPDATE event SET data = replace(data, ?, ?) WHERE stream = ?", (old, new, OFFICE_STREAM))
    _rechain(file, OFFICE_STREAM)


def _refold(file: Owner, stream: int) -> None:
    """Every row of a case as its events say it is."""
    folded = fold(stream, map(said_by, _events(file, stream)), Notes(counts=Counter()))
    _write(file, "cases", {**folded.case, "version": folded.version}, {"id": stream})
    for table in RECORDS:
        kept = folded.of(table)
        for (number,) in file.execute(f"SELECT number FROM {table} WHERE case_id = ?", (stream,)):
            if number not in kept:
                file.execute(f"DELETE FROM {table} WHERE case_id = ? AND number = ?", (stream, number))
        for number, record in kept.items():
            derived = zip(DERIVED, derived_of(folded, number), strict=True) if table == "clock" else ()
            row = {**record, **dict(derived)}
            _write(file, table, row, {"case_id": stream, "number": number})


def _write(file: Owner, table: str, row: Mapping[str, Any], key: Mapping[str, Any]) -> None:
    instants = file.instants(table)
    values = {name: _as_stored(value) if name in instants else value for name, value in row.items() if name in LABELS[table]}  # fmt: skip
    if values:
        sets, where = (", ".join(f"{name} = ?" for name in values), " AND ".join(f"{name} = ?" for name in key))
        file.execute(f"UPDATE {table} SET {sets} WHERE {where}", (*values.values(), *key.values()))


def _as_hashed(spelled: str) -> str:
    return spelled.replace(" ", "T") + "Z"


def _as_stored(value: Any) -> Any:
    return value.replace("T", " ").removesuffix("Z") if isinstance(value, str) else value
