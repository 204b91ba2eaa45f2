"""The event log: what the standard's own schema and somebody else's reader say of it, that it has everything and names nobody.

`ocel20-schema-json.json` is the schema as <https://www.ocel-standard.org/2.0/ocel20-schema-json.json> has it, but for the ends
of its lines; the specification it belongs to is under CC BY 4.0. It wants every value as a text; what the text means, the
declared type says. The reader is r4pm, by the chair that publishes the standard; it reads values by their types.
"""

import hashlib
import io
import json
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any

import fastjsonschema
import pytest
import r4pm
from sqlalchemy import Engine, text

from cases.sweep import sweep
from infra.db import reading, transaction
from reports.record.ocel import CODE, KINDS, RECORDS
from reports.record.ocel_file import EventLog, write_event_log
from tests.cases import records, test_personal_text
from tests.cases.records import DAY, START, World
from tests.cases.test_personal_text import Marked

SCHEMA = Path(__file__).parent / "ocel20-schema-json.json"
PUBLISHED = "bd3dfc26a35c5a6d49e3e4adc049aa41c1efe31576dfd564e3e399d7b04f3dc6"
#: What people and places are called; of each a word that stands nowhere else.
NAMED = {"account": ("name", "login", "email"), "unit": ("name",), "office": ("name", "short_name")}


@dataclass(frozen=True, slots=True, kw_only=True)
class Written:
    engine: Engine
    made: EventLog
    content: bytes
    read: Any
    words: frozenset[str]  #: what was typed into fields of personal text

    def column(self, query: str) -> list[Any]:
        with reading(self.engine) as connection:
            return list(connection.execute(text(query)).scalars())

    def counts(self, query: str) -> dict[str, int]:
        with reading(self.engine) as connection:
            return {row[0]: row[1] for row in connection.execute(text(query))}


@pytest.fixture(scope="module", params=["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)])
def log(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Written]:
    """The log of an office whose cases have been through everything, and in which everything has a name that stands nowhere else."""
    folder = tmp_path_factory.mktemp("log")
    with ExitStack() as opened:
        if request.param == "sqlite":
            template = records.sqlite_template(tmp_path_factory.mktemp("office"))
        else:
            template = opened.enter_context(records.postgres_template(request.getfixturevalue("postgres")))
        world, marked = opened.enter_context(records.world(template, folder)), Marked()
        live_every_field(world, marked)
        sweep(world.engine, now=START + 90 * DAY)
        with transaction(world.engine) as connection:
            for table, columns in NAMED.items():
                for column in columns:
                    connection.execute(text(f"UPDATE {table} SET {column} = '{table}-{column}-secret-' || id"))
        made, content = written(world.engine, folder)
        yield Written(
            engine=world.engine, made=made, content=content, read=json.loads(content), words=frozenset(marked.words)
        )


def live_every_field(world: World, marked: Marked) -> None:
    """Cases of which each field of personal text was filled, and that have every kind of record."""
    for name, life in vars(test_personal_text).items():
        if name.startswith(("_a_", "_an_")):
            life(world, marked)


def written(engine: Engine, folder: Path) -> tuple[EventLog, bytes]:
    file = io.BytesIO()
    with reading(engine) as connection:
        made = write_event_log(connection, file, beside=folder)
    return made, file.getvalue()


# -- the standard -----------------------------------------------------------------------------------------------------


def test_the_schema_is_the_published_one() -> None:
    published = SCHEMA.read_bytes().replace(b"\n", b"\r\n")
    assert hashlib.sha256(published).hexdigest() == PUBLISHED


def test_the_file_is_what_the_schema_of_the_standard_wants(log: Written) -> None:
    check = fastjsonschema.compile(json.loads(SCHEMA.read_text()))
    check(log.read)
    log.read["events"][0]["attributes"][0]["value"], kept = 1, log.read["events"][0]["attributes"][0]["value"]
    with pytest.raises(fastjsonschema.JsonSchemaValueException):
        check(log.read)
    log.read["events"][0]["attributes"][0]["value"] = kept


def test_every_attribute_is_declared_of_its_type_and_every_id_is_of_one_thing(log: Written) -> None:
    for things, types in (("events", "eventTypes"), ("objects", "objectTypes")):
        declared = {one["name"]: {a["name"]: a["type"] for a in one["attributes"]} for one in log.read[types]}
        for thing in log.read[things]:
            assert {attribute["name"] for attribute in thing["attributes"]} <= declared[thing["type"]].keys()
        ids = [thing["id"] for thing in log.read[things]]
        assert len(ids) == len(set(ids))


def test_whatever_something_relates_to_is_in_the_file(log: Written) -> None:
    known = {one["id"] for one in log.read["objects"]}
    related = {
        relation["objectId"] for one in (*log.read["events"], *log.read["objects"]) for relation in one["relationships"]
    }
    assert related <= known
    assert any(one.startswith("task-") for one in related), "a clock about what somebody was asked for"


def test_a_reader_of_others_finds_every_event_object_and_the_way_of_each_case(log: Written, tmp_path: Path) -> None:
    file = tmp_path / "events.json"
    file.write_bytes(log.content)
    found = r4pm.bindings.slim_link_ocel(r4pm.import_item("OCEL", str(file)))
    stats = r4pm.bindings.ocel_type_stats(found)
    assert stats["event_type_counts"] == dict(Counter(one["type"] for one in log.read["events"]))
    assert stats["object_type_counts"] == dict(Counter(one["type"] for one in log.read["objects"]))
    for case in log.column("SELECT id FROM cases"):
        number = r4pm.bindings.locel_get_ob_by_id(found, f"case-{case}")
        trace = r4pm.bindings.get_obj_activity_trace(found, number)
        ours = log.column(f"SELECT code FROM event WHERE stream = {case} ORDER BY occurred_at, seq")
        assert trace == ours


def test_the_reader_takes_each_value_for_what_it_was_declared(log: Written, tmp_path: Path) -> None:
    file = tmp_path / "events.json"
    file.write_bytes(log.content)
    found = r4pm.bindings.slim_link_ocel(r4pm.import_item("OCEL", str(file)))
    event = r4pm.bindings.locel_get_full_ev(found, r4pm.bindings.locel_get_ev_by_id(found, "event-1-1"))
    said = {one["name"]: one["value"] for one in event["attributes"]}
    assert (said["seq"], said["deputy"]) == (1, False)
    (clock,) = [one for one in log.read["objects"] if one["type"] == "clock"][:1]
    whole = r4pm.bindings.locel_get_full_ob(found, r4pm.bindings.locel_get_ob_by_id(found, clock["id"]))
    lengths = [one["value"] for one in whole["attributes"] if one["name"] == "length"]
    assert lengths
    assert all(isinstance(one, int) for one in lengths)


# -- everything, in order ---------------------------------------------------------------------------------------------


def test_there_is_every_event_and_every_object_of_the_record(log: Written) -> None:
    events = Counter(one["type"] for one in log.read["events"])
    assert dict(events) == log.counts("SELECT code, count(*) FROM event WHERE stream <> 0 GROUP BY code")
    objects = Counter(one["type"] for one in log.read["objects"])
    tables = {"case": "cases", "unit": "unit", **{kind.name: table for table, kind in RECORDS.items()}}
    assert set(tables) == {kind.name for kind in KINDS}
    expected = {kind: log.column(f"SELECT count(*) FROM {table}")[0] for kind, table in tables.items()}
    assert {kind: objects[kind] for kind in tables} == expected
    assert 0 not in expected.values(), "each kind was tried"
    assert log.made.cases == objects["case"]
    assert (log.made.events, log.made.objects) == (len(log.read["events"]), len(log.read["objects"]))
    assert log.made.sha256 == hashlib.sha256(log.content).hexdigest()


def test_the_events_of_a_case_stand_together_in_the_order_of_its_chain(log: Written) -> None:
    places = [tuple(map(int, one["id"].split("-")[1:])) for one in log.read["events"]]
    assert places == sorted(places)
    assert {seq for _, seq in places if _ == 1} == set(range(1, max(seq for case, seq in places if case == 1) + 1))


def test_what_an_object_is_at_the_end_is_what_its_row_says(log: Written) -> None:
    objects = {one["id"]: one for one in log.read["objects"]}
    states = log.counts("SELECT id, state FROM cases")
    assert {case: _last(objects[f"case-{case}"], "state") for case in states} == states
    outcomes = log.counts("SELECT case_id || '-' || number, outcome FROM clock WHERE outcome IS NOT NULL")
    assert {clock: _last(objects[f"clock-{clock}"], "outcome") for clock in outcomes} == outcomes


def test_the_values_of_an_object_never_go_back_in_time(log: Written) -> None:
    for one in log.read["objects"]:
        times = [attribute["time"] for attribute in one["attributes"]]
        assert all(earlier <= later for earlier, later in pairwise(times))


def test_the_lights_of_a_clock_are_events_of_that_clock(log: Written) -> None:
    lit = [one for one in log.read["events"] if one["type"] == "clock:crossed"]
    for one in lit:
        assert [r["objectId"].split("-")[0] for r in one["relationships"] if r["qualifier"] == "crossed"] == ["clock"]
    lights = Counter(a["value"] for one in lit for a in one["attributes"] if a["name"] == "light")
    assert lights["yellow"] > lights["red"] > 0


# -- nobody -----------------------------------------------------------------------------------------------------------


def test_no_word_that_was_typed_about_somebody_is_in_it(log: Written) -> None:
    typed = log.column("SELECT content FROM personal_text")
    assert set(typed) >= log.words
    assert len(log.words) > 40
    plain = json.dumps(log.read, ensure_ascii=False)
    assert [word for word in typed if word in plain] == []


def test_no_value_is_anything_but_a_code_a_figure_or_an_instant(log: Written) -> None:
    values = {a["value"] for one in (*log.read["events"], *log.read["objects"]) for a in one["attributes"]}
    assert {value for value in values if value and not CODE.fullmatch(value)} == set()
    assert log.content.isascii()


@pytest.mark.parametrize(
    "query",
    [
        "SELECT public_id FROM cases",
        "SELECT code_hash FROM tracking",
        "SELECT hash FROM event",
        "SELECT key FROM event WHERE key IS NOT NULL",
        "SELECT salt FROM personal_text WHERE salt IS NOT NULL",
        *(f"SELECT {column} FROM {table}" for table, columns in NAMED.items() for column in columns),
    ],
)
def test_nothing_is_in_it_that_opens_or_proves_anything_or_names_somebody(log: Written, query: str) -> None:
    found = log.column(query)
    assert found
    assert [one for one in found if one.encode() in log.content] == []


def test_nobody_of_the_staff_is_an_object_or_a_value(log: Written) -> None:
    """Accounts are small numbers, which stand everywhere: what is asked is that no column that holds one is handed out."""
    handed_out = {name for kind in KINDS for name in (*kind.attributes, *kind.leads)}
    of_people = {"person", "account", "actor", "holder_person", "charged_person", "asked_by", "decided_by", "told"}
    assert handed_out.isdisjoint(of_people)
    attributes = {a["name"] for one in (*log.read["events"], *log.read["objects"]) for a in one["attributes"]}
    assert attributes.isdisjoint(of_people)
    assert {one["type"] for one in log.read["objects"]} == {kind.name for kind in KINDS}


def _last(thing: Any, name: str) -> str:
    said = [attribute["value"] for attribute in thing["attributes"] if attribute["name"] == name]
    return str(said[-1])
