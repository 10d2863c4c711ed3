"""The analytics consumer's composition root: its parts, wired; its entry point, bound. No logic."""

from functions.analytics.consumer import make_consume
from functions.analytics.manifest import MANIFEST
from shared.bootstrap import ConsumerService

SERVICE = ConsumerService(manifest=MANIFEST, consume=make_consume)

(consumer,) = SERVICE.entry_points("consumer")
