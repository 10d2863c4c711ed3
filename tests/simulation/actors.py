"""Who comes, and how often."""

from shared.testing.simulation.scenario import Actor
from tests.simulation.customers import bank, buyer, forgotten, impatient, till
from tests.simulation.staff import clerk, counter, pricer, rebuilder, returner, warehouse

ACTORS: dict[str, tuple[Actor, float]] = {
    "buyer": (buyer, 8.0),
    "till": (till, 2.0),
    "warehouse": (warehouse, 2.0),
    "pricer": (pricer, 1.0),
    "counter": (counter, 1.0),
    "clerk": (clerk, 1.5),
    "returner": (returner, 1.5),
    "bank": (bank, 1.0),
    "impatient": (impatient, 1.5),
    "forgotten": (forgotten, 0.7),
    "rebuilder": (rebuilder, 1.0),
}
