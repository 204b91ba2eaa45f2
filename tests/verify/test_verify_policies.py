"""The published policies: each is kept as its event says, none is missing, and none stands beside them."""

import hashlib
from datetime import timedelta

from sqlalchemy import delete, insert, select, text, update

from cases.policies import files_of, publish, versions
from tests.verify.records import EVENT, START, TABLES, Record, event, named, rechain
from verify.checking import verify
from workflow.model import TIMERS

POLICY = TABLES["policy_version"]


def test_files_that_were_changed_are_named_with_both_hashes(record: Record) -> None:
    with record.attacked() as connection:
        connection.execute(text("UPDATE policy_version SET content = replace(content, 'length = 60', 'length = 90')"))
        content = connection.execute(select(POLICY.c.content)).scalar_one()
    (finding,) = [one for one in verify(record.url).findings if one.check == "policies"]
    assert (finding.code, finding.table, finding.number) == ("policies.differs", "policy_version", 1)
    assert finding.stored == hashlib.sha256(content.encode()).hexdigest() != finding.expected


def test_a_single_space_is_a_change(record: Record) -> None:
    with record.attacked() as connection:
        connection.execute(update(POLICY).values(content=POLICY.c.content + " "))
    assert named(verify(record.url)) == {("policies.differs", "policy_version", None, 1, None)}


def test_a_version_that_nobody_published_is_named(record: Record) -> None:
    with record.attacked() as connection:
        late = START + timedelta(days=1)
        connection.execute(insert(POLICY).values(number=2, version="0123456789ab", published_at=late, content="{}"))
    assert named(verify(record.url)) == {("policies.orphan", "policy_version", None, 2, None)}


def test_a_version_that_was_deleted_is_named(record: Record) -> None:
    with record.attacked() as connection:
        version = connection.execute(select(POLICY.c.version)).scalar_one()
        connection.execute(delete(POLICY))
    assert named(verify(record.url)) == {("policies.missing", "policy_version", None, version, None)}


def test_a_version_under_another_name_is_both(record: Record) -> None:
    with record.attacked() as connection:
        version = connection.execute(select(POLICY.c.version)).scalar_one()
        connection.execute(update(POLICY).values(version="0123456789ab"))
    assert named(verify(record.url)) == {
        ("policies.orphan", "policy_version", None, 1, None),
        ("policies.missing", "policy_version", None, version, None),
    }


def test_a_version_that_stands_there_twice_and_so_is_in_force_again_is_named(record: Record) -> None:
    with record.attacked() as connection:
        row = connection.execute(select(POLICY)).one()
        connection.execute(insert(POLICY).values(dict(row._mapping) | {"number": 2}))
    assert named(verify(record.url)) == {("policies.place", "policy_version", None, 2, "version")}


def test_versions_in_another_order_are_named(record: Record) -> None:
    with record.attacked(unprotected=False) as connection:
        files = {**files_of(connection, versions(connection)[-1]), "own/more.toml": b"# nothing\n"}
        publish(connection, files, actor=TIMERS, now=START + timedelta(days=50))
    assert verify(record.url).ok
    with record.attacked() as connection:
        for number, to in ((2, 3), (1, 2), (3, 1)):
            connection.execute(update(POLICY).where(POLICY.c.number == number).values(number=to))
    assert named(verify(record.url)) == {("policies.place", "policy_version", None, n, "version") for n in (1, 2)}


def test_another_instant_of_publication_is_named(record: Record) -> None:
    with record.attacked() as connection:
        connection.execute(update(POLICY).values(published_at=START + timedelta(days=1)))
    assert named(verify(record.url)) == {("policies.place", "policy_version", None, 1, "published_at")}


def test_an_event_that_says_nothing_of_its_version_vouches_for_none(record: Record) -> None:
    with record.attacked() as connection:
        connection.execute(update(EVENT).where(event(0, 2)).values(data="[]"))
        rechain(connection, 0)  # by somebody who knows the format
    assert named(verify(record.url)) == {
        ("policies.orphan", "policy_version", None, 1, None),
        ("policies.missing", "policy_version", None, "event 2", None),
    }
