"""The composition of services: parts in, functions out; and the adapters of the runtime that they run on."""

from shared.bootstrap.runtime import (
    Dependencies,
    EmbeddedPlatform,
    at_end,
    callers,
    close,
    dependencies,
    embedded,
    environment,
    forget,
    operations,
    users,
)
from shared.bootstrap.service import EventSourcedService, IdleJob
from shared.bootstrap.wiring import Aggregate, Wiring

__all__ = [
    "Aggregate",
    "Dependencies",
    "EmbeddedPlatform",
    "EventSourcedService",
    "IdleJob",
    "Wiring",
    "at_end",
    "callers",
    "close",
    "dependencies",
    "embedded",
    "environment",
    "forget",
    "operations",
    "users",
]
