"""The folders of the program's own code, as `pyproject.toml` lists them."""

import tomllib
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]


def packages(*, but_not: tuple[str, ...] = ()) -> tuple[str, ...]:
    """Every folder that is installed, in the order of the list."""
    said = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))
    return tuple(name for name in said["tool"]["hatch"]["build"]["targets"]["wheel"]["packages"] if name not in but_not)
