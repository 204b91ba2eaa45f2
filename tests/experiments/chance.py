"""Chance that can be repeated: the same seed, the same throws."""

from random import Random


def chance(*seed: object) -> Random:
    return Random("/".join(map(str, seed)))  # noqa: S311 -- nothing here is a secret
