"""Real mistakes, planted one at a time: each must be found by some seed, or the simulation has a gap."""

from shared.testing.simulation.mutants import Mutant
from tests.simulation.mistakes_of_the_kit import KIT, WORKFLOWS
from tests.simulation.mistakes_of_the_shop import SHOP_MISTAKES

MUTANTS: tuple[Mutant, ...] = (*KIT, *WORKFLOWS, *SHOP_MISTAKES)
