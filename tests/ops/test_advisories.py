"""What an advisory speaks of and what it does not, with invented ones; and that nothing compared is never called sound."""

import json
import shutil
import subprocess
import zipfile
from pathlib import Path
from typing import Any

import pytest

from gates.advisories import (
    PLACE,
    SKIPPED,
    AdvisoriesAreUnreadable,
    known_weaknesses,
    read_advisories,
    weaknesses,
)
from gates.bill import LOCKS, ROOT, Locked, read_lock
from gates.checks import main


def a_package(version: str, *, name: str = "jinja2") -> Locked:
    return Locked(name=name, version=version, marker="", hashes=("sha256:00",))


def an_advisory(*, name: str = "Jinja2", ecosystem: str = "PyPI", **affected: Any) -> dict[str, Any]:
    """One that does not exist."""
    return {
        "id": "INVENTED-1", "aliases": ["ALSO-1"], "summary": "Templates leave their room.",
        "affected": [{"package": {"ecosystem": ecosystem, "name": name}, **affected}],
    }  # fmt: skip


def a_range(*events: tuple[str, str], kind: str = "ECOSYSTEM") -> dict[str, Any]:
    return {"ranges": [{"type": kind, "events": [{name: version} for name, version in events]}]}


def is_affected(version: str, **affected: Any) -> bool:
    return bool(weaknesses([a_package(version)], [an_advisory(**affected)], lock="requirements.txt"))


@pytest.mark.parametrize(
    ("version", "expected"),
    [("2.9", False), ("3.0", True), ("3.0.1", True), ("3.1.4", True), ("3.1.5rc1", True), ("3.1.5", False), ("3.10", False), ("4.0", True), ("4.1", True), ("4.1.1", False)],
)  # fmt: skip
def test_a_range_begins_with_what_is_introduced_and_ends_before_what_is_fixed_or_after_the_last(
    version: str, expected: bool
) -> None:
    events = (("last_affected", "4.1"), ("introduced", "3.0"), ("introduced", "4.0"), ("fixed", "3.1.5"))
    assert is_affected(version, **a_range(*events)) is expected


@pytest.mark.parametrize("version", ["0.0.1", "0a1", "0.dev1", "3.1.6", "2026.1", "1!1.0"])
def test_what_was_there_from_the_beginning_and_never_mended_is_in_every_version(version: str) -> None:
    assert is_affected(version, **a_range(("introduced", "0")))


def test_versions_are_compared_as_versions_and_not_as_texts() -> None:
    assert is_affected("3.10.0", **a_range(("introduced", "3.9")))
    assert is_affected("3.1", versions=["3.1.0"])
    assert is_affected("1.0.post1", versions=["1.0-1"])
    assert not is_affected("3.1.6", versions=["3.1.60", "3.1", "not a version"])


def test_a_version_that_is_listed_is_affected_whatever_the_ranges_say() -> None:
    assert is_affected("3.1.6", versions=["3.1.6"], **a_range(("introduced", "0"), ("fixed", "3.0")))


@pytest.mark.parametrize("name", ["Jinja2", "jinja2", "JINJA2"])
def test_a_package_is_known_in_any_spelling(name: str) -> None:
    assert is_affected("3.1.6", name=name, versions=["3.1.6"])
    assert not is_affected("3.1.6", name=f"{name}-more", versions=["3.1.6"])


def test_what_is_said_of_another_ecosystem_or_was_withdrawn_does_not_count(tmp_path: Path) -> None:
    assert not is_affected("3.1.6", ecosystem="npm", versions=["3.1.6"])
    spoken = [an_advisory(versions=["9"]), {**an_advisory(versions=["3.1.6"]), "withdrawn": "2026-01-01T00:00:00Z"}]
    (tmp_path / "some.json").write_text(json.dumps(spoken))
    assert len(read_advisories(tmp_path)) == 1


def test_an_advisory_that_names_no_version_to_compare_is_no_reason_to_be_calm() -> None:
    only_commits = a_range(("introduced", "0"), kind="GIT")
    (found,) = weaknesses([a_package("3.1.6")], [an_advisory(**only_commits)], lock="requirements.txt")
    assert "jinja2 3.1.6 may be affected by INVENTED-1" in str(found)


def test_a_range_that_cannot_be_read_is_not_passed_over() -> None:
    with pytest.raises(AdvisoriesAreUnreadable, match="INVENTED-1"):
        is_affected("3.1.6", **a_range(("introduced", "the beginning")))


# -- the gate ---------------------------------------------------------------------------------------------------------


def one_of(name: str) -> Locked:
    """A package as it is locked in this tree."""
    return next(one for path in LOCKS for one in read_lock(path) if one.name == name)


def kept_in(form: str, folder: Path, record: dict[str, Any]) -> Path:
    """The record beside another, in each form that advisories are kept in."""
    other = an_advisory(name="something-else", versions=["1"])
    place = folder / form
    if form == "folder":
        (place / "more").mkdir(parents=True)
        (place / "one.json").write_text(json.dumps(other))
        (place / "more" / "two.json").write_text(json.dumps(record))
    elif form == "zip":
        with zipfile.ZipFile(place, "w") as pack:
            pack.writestr("one.json", json.dumps(other))
            pack.writestr("two.json", json.dumps(record))
    else:
        place.write_text(json.dumps(record if form == "record" else [other, record]))
    return place


@pytest.mark.parametrize("form", ["folder", "zip", "list", "record"])
@pytest.mark.parametrize("name", ["jinja2", "pytest", "uv"])
def test_a_locked_version_that_an_advisory_speaks_of_fails_the_gate_and_is_named(
    form: str, name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """One of the runtime, one of the tests, and the installer."""
    locked = one_of(name)
    record = an_advisory(name=name, **a_range(("introduced", "0"), ("last_affected", locked.version)))
    monkeypatch.setenv(PLACE, str(kept_in(form, tmp_path, record)))
    assert main("advisories") == 1
    said = capsys.readouterr().out
    assert f"{name} {locked.version} is affected by INVENTED-1, ALSO-1: Templates leave their room." in said


@pytest.mark.parametrize("name", ["jinja2", "pytest", "uv"])
def test_a_locked_version_that_mended_it_passes(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    record = an_advisory(name=name, **a_range(("introduced", "0"), ("fixed", one_of(name).version)))
    monkeypatch.setenv(PLACE, str(kept_in("folder", tmp_path, record)))
    assert main("advisories") == 0
    assert capsys.readouterr().out == ""


def test_without_advisories_the_gate_says_that_nothing_was_compared(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    for value in (None, ""):
        monkeypatch.delenv(PLACE, raising=False) if value is None else monkeypatch.setenv(PLACE, value)
        assert main("advisories") == 0
        assert capsys.readouterr().out == SKIPPED + "\n"
    assert SKIPPED.startswith("SKIPPED advisories: ")
    assert PLACE in SKIPPED


@pytest.mark.parametrize(
    "content", [None, "", "{", "[]", "{}", "[1]", '{"affected": 1}', '{"affected": [{"package": "a"}]}']
)
def test_a_place_without_a_single_advisory_is_a_failure_and_not_a_clean_bill(
    content: str | None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    place = tmp_path / "advisories.json"
    if content is not None:
        place.write_text(content)
    monkeypatch.setenv(PLACE, str(place))
    assert main("advisories") == 1
    assert "advisories.json" in capsys.readouterr().out
    with pytest.raises(AdvisoriesAreUnreadable):
        known_weaknesses()


def test_dev_check_shows_a_skipped_gate_as_skipped_and_what_it_lacks() -> None:
    """The shell function itself: output of a gate that passed is otherwise not shown."""
    gate = (ROOT / "dev").read_text("utf-8").partition("gate() {")[2].partition("\n}\n")[0]
    script = f'V=none\ngate() {{{gate}\n}}\ngate echo "SKIPPED advisories: none"\ngate echo fine\ngate false\necho "failed=$failed"\n'
    shell = shutil.which("sh")
    assert shell
    done = subprocess.run([shell, "-c", "failed=0\n" + script], capture_output=True, text=True)
    assert done.stdout.splitlines() == [
        "SKIPPED advisories: none",
        "SKIPPED echo SKIPPED advisories: none",
        "ok      echo fine",
        "",
        "FAILED  false",
        "failed=1",
    ]
