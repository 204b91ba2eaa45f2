"""Reads the data files that ship inside the program's packages, also when it is installed as a wheel."""

from importlib.resources import files
from importlib.resources.abc import Traversable


def read_tree(package: str, folder: str, *, suffix: str) -> dict[str, bytes]:
    """The content of every file below `package/folder` whose name ends in `suffix`, by its path inside the folder."""
    return dict(_walk(files(package) / folder, "", suffix))


def _walk(folder: Traversable, prefix: str, suffix: str) -> list[tuple[str, bytes]]:
    found: list[tuple[str, bytes]] = []
    for entry in folder.iterdir():
        name = f"{prefix}{entry.name}"
        if entry.is_dir():
            found += _walk(entry, f"{name}/", suffix)
        elif entry.name.endswith(suffix):
            found.append((name, entry.read_bytes()))
    return found
