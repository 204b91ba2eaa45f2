"""The bill of materials says what the lock says, always in the same bytes, and a bill of another lock is found out."""

import json
from pathlib import Path

import pytest

from gates.bill import BILL, LOCKS, RUNTIME, LockIsWrong, bill_of, bill_out_of_step, read_lock, version_of_program

LOCK = """\
Zope.Interface==7.0 ; python_version < '3.13' \\
    --hash=sha256:bb \\
    --hash=sha256:aa
# a remark
attrs==26.1.0 \\
    --hash=sha256:cc
"""


@pytest.fixture
def lock(tmp_path: Path) -> Path:
    path = tmp_path / "requirements.txt"
    path.write_text(LOCK)
    return path


def test_a_bill_names_every_package_with_its_version_hashes_and_purl(lock: Path) -> None:
    bill = json.loads(bill_of(read_lock(lock), version="1.2.3"))
    assert (bill["bomFormat"], bill["specVersion"]) == ("CycloneDX", "1.6")
    assert bill["metadata"] == {
        "component": {"type": "application", "bom-ref": "huiyin", "name": "huiyin", "version": "1.2.3"}
    }
    attrs, zope = bill["components"]
    assert attrs == {
        "type": "library", "bom-ref": "pkg:pypi/attrs@26.1.0", "name": "attrs", "version": "26.1.0", "scope": "required",
        "hashes": [{"alg": "SHA-256", "content": "cc"}], "purl": "pkg:pypi/attrs@26.1.0",
    }  # fmt: skip
    assert (zope["purl"], zope["scope"]) == ("pkg:pypi/zope-interface@7.0", "optional")
    assert [one["content"] for one in zope["hashes"]] == ["aa", "bb"]
    assert zope["properties"] == [{"name": "huiyin:marker", "value": 'python_version < "3.13"'}]


def test_the_order_of_a_lock_changes_nothing(lock: Path) -> None:
    first = bill_of(read_lock(lock), version="1")
    lock.write_text("".join(reversed(LOCK.partition("# a remark\n"))))
    assert bill_of(read_lock(lock), version="1") == first


def test_the_bill_of_this_tree_names_every_locked_package_once_and_nothing_of_where_it_was_made() -> None:
    assert bill_out_of_step() == []
    text = BILL.read_text("utf-8")
    names = [one["name"] for one in json.loads(text)["components"]]
    pinned = [line for line in RUNTIME.read_text("utf-8").splitlines() if "==" in line and not line.startswith(" ")]
    assert len(names) == len(set(names)) == len(pinned)
    assert "http" not in text.replace("httpx", "")
    assert "timestamp" not in text


@pytest.mark.parametrize(
    ("was", "becomes", "said"),
    [
        ("attrs==26.1.0", "attrs==26.1.1", {"sbom.json lacks attrs 26.1.1", "sbom.json names attrs 26.1.0, which is not in requirements.txt"}),
        ("sha256:cc", "sha256:dd", set()),
        ("python_version < '3.13'", "python_version < '3.12'", set()),
    ],
)  # fmt: skip
def test_a_bill_of_another_lock_is_found_out(was: str, becomes: str, said: set[str], lock: Path) -> None:
    bill = lock.with_name("sbom.json")
    bill.write_text(bill_of(read_lock(lock), version=version_of_program()), "utf-8")
    assert bill_out_of_step(bill, lock) == []
    lock.write_text(LOCK.replace(was, becomes))
    found = bill_out_of_step(bill, lock)
    assert set(found[:-1]) == said
    assert "python -m gates.bill" in found[-1]


def test_a_bill_that_is_missing_or_no_json_is_out_of_step(lock: Path) -> None:
    bill = lock.with_name("sbom.json")
    assert bill_out_of_step(bill, lock)
    bill.write_text("{")
    assert bill_out_of_step(bill, lock)


@pytest.mark.parametrize(
    "line", ["attrs>=26.1.0 \\\n    --hash=sha256:cc", "attrs==26.1.0", "attrs \\\n    --hash=sha256:cc"]
)
def test_a_lock_that_leaves_a_version_or_a_file_open_is_none(line: str, lock: Path) -> None:
    lock.write_text(line + "\n")
    with pytest.raises(LockIsWrong, match="attrs"):
        read_lock(lock)


@pytest.mark.parametrize("path", LOCKS, ids=lambda path: path.name)
def test_every_lock_of_this_tree_can_be_read(path: Path) -> None:
    assert all(one.version and one.hashes for one in read_lock(path))
