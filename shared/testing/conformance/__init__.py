"""One suite of facts per port.

A test module subclasses it and provides the adapter as fixtures: every adapter of a port keeps the same promises.
"""
