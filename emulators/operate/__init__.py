"""What operators do to a running platform, by name: coroutines that get the platform's parts and plain data."""

from collections.abc import Mapping

from emulators.operate.analytics import analytics, growth
from emulators.operate.dead_letters import discard_letter, list_letters, redrive_letters, show_letter
from emulators.operate.read_models import generations, read, rebuild, rebuild_as_of, replay
from emulators.operate.republish import republish
from emulators.operating import Operation

OPERATIONS: Mapping[str, Operation] = {
    "analytics": analytics,
    "growth": growth,
    "replay": replay,
    "rebuild": rebuild,
    "rebuild_as_of": rebuild_as_of,
    "generations": generations,
    "read": read,
    "list_letters": list_letters,
    "show_letter": show_letter,
    "redrive_letters": redrive_letters,
    "discard_letter": discard_letter,
    "republish": republish,
}
