"""Mutation testing of the counting: every small change of `calendar.py`, `counting.py` and `clocks.py` must make a test
fail. mutmut makes the changes, in a copy of the project; what survives is listed with its reason in `survivors.toml`.
"""

import os
import re
import shutil
import subprocess
import sys
import tempfile
import tomllib
from collections import Counter
from pathlib import Path

from gates.packages import packages

ROOT = Path(__file__).resolve().parents[2]
HERE = Path(__file__).resolve().parent
MUTATED = ("workflow/calendar.py", "workflow/counting.py", "workflow/clocks.py")
#: The tests that answer for these files. Those with a database or a browser would only repeat them, slowly.
ANSWERING = (
    "tests/workflow/test_calendar.py",
    "tests/workflow/test_clocks.py",
    "tests/workflow/test_clocks_changed.py",
    "tests/workflow/test_clocks_moved.py",
    "tests/workflow/test_ladders.py",
    "tests/workflow/test_counting.py",
    "tests/workflow/test_procedures.py",
    "tests/workflow/test_acknowledged.py",
    "tests/workflow/test_provisional.py",
    "tests/workflow/test_not_ours.py",
    "tests/workflow/test_profiles.py",
    "tests/oracle/test_vectors.py",
)
COPIED = (
    *packages(), "tests", "docs", "pyproject.toml",
)  # fmt: skip
ENOUGH = 0.9
RESULT = re.compile(r"^\s*(?P<name>\S+): (?P<what>[a-z ]+)$")


def run(*, children: int) -> int:
    """Prints the figures and every survivor with its reason; returns 1 if too many survive or one has no reason."""
    with tempfile.TemporaryDirectory(prefix="huiyin-mutation-") as folder:
        found = _results(Path(folder), children)
        killed = sum(what in ("killed", "timeout") for what in found.values())
        print(f"{len(found)} mutants of {', '.join(MUTATED)}: {killed} killed, {killed / len(found):.1%}")
        for what, count in Counter(found.values()).most_common():
            print(f"  {what}: {count}")
        survivors = {
            name: _change(Path(folder), name) for name, what in found.items() if what not in ("killed", "timeout")
        }
    reasons = tomllib.loads((HERE / "survivors.toml").read_text("utf-8"))["survivor"]
    unexplained = 0
    for name, change in survivors.items():
        reason = next((one["reason"] for one in reasons if _same(one, name, change)), None)
        unexplained += reason is None
        print(f"\n{name}: {reason or 'NO REASON'}\n{change}")
    return 1 if unexplained or killed < ENOUGH * len(found) else 0


def _same(reason: dict[str, str], name: str, change: str) -> bool:
    """A reason names the function and a line of the change: the numbers of mutants move with every edit."""
    return f"{reason['function']}__mutmut" in name and reason["line"] in change


def _results(folder: Path, children: int) -> dict[str, str]:
    for name in COPIED:
        source = ROOT / name
        if source.is_dir():
            shutil.copytree(source, folder / name, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copy(source, folder / name)
    (folder / "setup.cfg").write_text(_settings(), "utf-8")
    command = [sys.executable, "-m", "mutmut"]
    done = subprocess.run(
        [*command, "run", "--max-children", str(children)], cwd=folder, capture_output=True, text=True
    )
    if done.returncode:
        sys.exit(done.stdout[-2000:] + done.stderr[-2000:])
    listed = subprocess.run(
        [*command, "results", "--all", "true"], cwd=folder, capture_output=True, text=True, check=True
    )
    return {found["name"]: found["what"] for line in listed.stdout.splitlines() if (found := RESULT.match(line))}


def _change(folder: Path, name: str) -> str:
    shown = subprocess.run(
        [sys.executable, "-m", "mutmut", "show", name], cwd=folder, capture_output=True, text=True, check=True
    )
    return "\n".join(line for line in shown.stdout.splitlines() if re.match(r"[-+](?![-+])", line))


def _settings() -> str:
    def listed(name: str, values: tuple[str, ...]) -> list[str]:
        return [f"{name}=", *(f"    {value}" for value in values)]

    lines = ["[mutmut]", *listed("source_paths", MUTATED), *listed("also_copy", COPIED)]
    lines += listed("pytest_add_cli_args_test_selection", ANSWERING)
    return "\n".join([*lines, *listed("pytest_add_cli_args", ("-p", "no:cacheprovider"))]) + "\n"


def cores() -> int:
    return os.cpu_count() or 1
