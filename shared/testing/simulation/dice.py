"""Chance that a seed decides: every purpose has dice of its own, so that one more throw of one changes no other."""

from random import Random


def dice_of(*purpose: object) -> Random:
    return Random("/".join(map(str, purpose)))  # noqa: S311 - repeatable, that is the point
