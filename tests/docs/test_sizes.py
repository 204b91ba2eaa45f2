"""Files and functions stay as long as one reads in one go; the gate would say so."""

import pytest

from gates import sizes


def test_nothing_is_too_long() -> None:
    assert list(sizes.too_long()) == []


@pytest.mark.parametrize(("most", "length"), [("MOST_LINES", 300), ("MOST_BODY", 30)])
def test_what_is_too_long_would_be_named(monkeypatch: pytest.MonkeyPatch, most: str, length: int) -> None:
    monkeypatch.setattr(sizes, most, length)
    assert any(f"{length} at most" in line for line in sizes.too_long())


def test_a_reason_that_nothing_needs_any_more_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sizes.REASONS, "gates/sizes.py too_long", "no reason")
    assert list(sizes.too_long()) == ["gates/sizes.py too_long: no longer longer than the others"]
