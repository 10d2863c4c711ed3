"""Python imports this at the start of a process that has this folder on its path: the function dies by SIGKILL, once,
at the step that the file `CRASH_FILE` names. The product knows nothing of it.
"""

import os
import signal
from pathlib import Path
from typing import Any

from shared.adapters.firestore.database import Database
from shared.adapters.pubsub.publisher import PubSubPublisher


def _die_at(step: str) -> None:
    armed = Path(os.environ["CRASH_FILE"])
    if armed.exists() and armed.read_text() == step:
        armed.unlink()
        os.kill(os.getpid(), signal.SIGKILL)


def _crash_around_appends() -> None:
    commit = Database.commit

    async def crashing(database: Database, request: Any, *, deletes: bool = False) -> Any:
        append = database.name.endswith("/events") and not deletes
        if append:
            _die_at("before the commit")
        response = await commit(database, request, deletes=deletes)
        if append:
            _die_at("after the commit")
        return response

    Database.commit = crashing  # type: ignore[method-assign] # that is the point


def _crash_after_publishing() -> None:
    publish = PubSubPublisher.publish

    async def crashing(publisher: PubSubPublisher, topic: str, messages: Any) -> None:
        await publish(publisher, topic, messages)
        _die_at(f"after {topic}")

    PubSubPublisher.publish = crashing  # type: ignore[method-assign] # that is the point


if "CRASH_FILE" in os.environ:
    _crash_around_appends()
    _crash_after_publishing()
