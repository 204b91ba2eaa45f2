"""What the mutation experiment names is there; `./dev experiments mutation` itself takes too long to run with the tests."""

import re
import tomllib

import pytest

from tests.experiments.mutation import ANSWERING, COPIED, HERE, MUTATED, ROOT


@pytest.mark.parametrize("path", [*MUTATED, *ANSWERING, *COPIED])
def test_a_file_that_is_mutated_answers_or_is_copied_is_there(path: str) -> None:
    assert (ROOT / path).exists()


def test_every_reason_of_a_survivor_names_a_function_of_a_mutated_file() -> None:
    source = "\n".join((ROOT / path).read_text("utf-8") for path in MUTATED)
    reasons = tomllib.loads((HERE / "survivors.toml").read_text("utf-8"))["survivor"]
    named = {one["function"] for one in reasons}
    assert named
    assert {name for name in named if not re.search(rf"def {name}\(", source)} == set()
