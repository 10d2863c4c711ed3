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


def _crash_around_commits() -> None:
    commit = Database.commit

    async def crashing(database: Database, request: Any, *, deletes: bool = False) -> Any:
        if not database.name.endswith("/events"):
            return await commit(database, request, deletes=deletes)
        _die_at("before settling" if deletes else "before the commit")
        response = await commit(database, request, deletes=deletes)
        _die_at("after settling" if deletes else "after the commit")
        return response

    Database.commit = crashing  # type: ignore[method-assign,assignment] # that is the point


def _crash_after_publishing() -> None:
    publish = PubSubPublisher.publish

    async def crashing(publisher: PubSubPublisher, topic: str, messages: Any) -> None:
        await publish(publisher, topic, messages)
        _die_at(f"after {topic}")

    PubSubPublisher.publish = crashing  # type: ignore[method-assign,assignment] # that is the point


if "CRASH_FILE" in os.environ:
    _crash_around_commits()
    _crash_after_publishing()
