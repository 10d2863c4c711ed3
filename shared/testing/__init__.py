"""The test kit: specifications for deciders and HTTP, faults, and a conformance suite per port. Never deployed."""
