"""The scenario of the shop: all its services as they are deployed."""

from collections.abc import Mapping
from dataclasses import replace
from importlib import import_module

import functions
from shared.bootstrap.service import FunctionsOfService
from shared.testing.memory_platform import SETTINGS
from shared.testing.simulation import invariants
from shared.testing.simulation.scenario import Scenario
from shared.topology import discover
from tests.simulation import books
from tests.simulation.actors import ACTORS
from tests.simulation.mending import mend
from tests.simulation.outside import MAIL_FROM, PATCHES, fittings
from tests.simulation.people import prepare

SEARCH = "/search-base"
"""It packs its index in a thread."""


def services() -> Mapping[str, FunctionsOfService]:
    return {each.name: import_module(f"functions.{each.name}.main").SERVICE for each in discover(functions)}


SHOP = Scenario(
    services=services(),
    environment=replace(SETTINGS, environ={"MAIL_FROM": MAIL_FROM}),
    fittings=fittings,
    prepare=prepare,
    actors=ACTORS,
    always=("buyer", "buyer"),
    invariants=(*invariants.ALL, *books.ALL),
    glances=books.GLANCES,
    mend=mend,
    skipped=frozenset({SEARCH}),
    patches=PATCHES,
)


def shop() -> Scenario:
    """In whatever process it is called."""
    return SHOP
