"""How streams are read in pieces, the same in every event store."""

from typing import Final

FIRST_PAGE: Final = 25
"""Commits that a load reads while it is still looking for a snapshot. Most streams are shorter: they cost one round
trip; a longer one with a snapshot wastes at most these reads."""
