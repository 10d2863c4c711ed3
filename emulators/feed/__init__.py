"""The real baskets: read, sent like any till would, waited for, and reconciled."""
