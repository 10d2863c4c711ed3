"""The analytics service's composition root: its parts, wired; its entry points, bound. No logic."""

from functions.analytics.consumer import make_consume
from functions.analytics.manifest import CATEGORIES, MANIFEST
from shared.bootstrap.archiving import ArchivingService

SERVICE = ArchivingService(manifest=MANIFEST, consume=make_consume, categories=CATEGORIES)

consumer, archive = SERVICE.entry_points("consumer", "archive")
