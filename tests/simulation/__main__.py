"""`make simulate`: seeds of the shop."""

import sys

from shared.testing.simulation.command import main
from tests.simulation.shop import shop

if __name__ == "__main__":
    sys.exit(main(shop))
