"""Deterministic simulation: all services in one process, on virtual time, under faults that a seed draws."""
