"""Which version of the program this is: as it was installed, or of the folder that it runs from."""

import tomllib
from functools import cache
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path


@cache
def program_version() -> str:
    try:
        return version("huiyin")
    except PackageNotFoundError:
        said = tomllib.loads((Path(__file__).resolve().parents[1] / "pyproject.toml").read_text("utf-8"))
        return str(said["project"]["version"])
