"""The pure kernel of event sourcing: no I/O, no cloud, no clock.

Read in this order: `message`, `codec`, `decider`, `event_store`, `command_handler`, `publishing`, `projection`.
"""
