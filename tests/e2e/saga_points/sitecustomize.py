"""Python imports this at the start of a process that has this folder on its path. The product knows nothing of it.

An orchestrator dies by SIGKILL, once, at the point that a file of `SAGA_CRASHES` names, called as the cart of the
checkout. A mail that was not sent is tried again after `MAIL_PAUSE` seconds: a minute is shorter here, as it is for
schedules.
"""

import os
import signal
from datetime import timedelta
from pathlib import Path
from typing import Any


def _crash_around_calls(folder: Path) -> None:
    from shared.eventsourcing.workflow.commands import RecordOutcome  # noqa: PLC0415 - other processes need none of it
    from shared.eventsourcing.workflow.runner import Runner  # noqa: PLC0415 - as above

    ask, handle = Runner._ask, Runner._handle
    carts: dict[str, str] = {}

    def die_at(point: str, stream: str, step: str, *, undo: bool) -> None:
        armed = folder / carts.get(stream, "none")
        name = f"the undo of {step}" if undo else step
        if armed.exists() and armed.read_text() == f"{point} {name}":
            armed.unlink()
            os.kill(os.getpid(), signal.SIGKILL)

    async def crashing_ask(runner: Any, stream: str, version: int, saga: Any, attempt: Any) -> Any:
        carts[stream] = saga.data["cart_id"]
        die_at("after the intent of", stream, attempt.step, undo=attempt.undo)
        outcome = await ask(runner, stream, version, saga, attempt)
        die_at("after the call of", stream, attempt.step, undo=attempt.undo)
        return outcome

    async def crashing_handle(runner: Any, stream: str, command: Any) -> Any:
        step = command.step if isinstance(command, RecordOutcome) else None
        if step and not command.undo:  # one commit holds an outcome and the next intent
            for following in runner.workflow.after(frozenset({step}))[:1]:
                die_at("before the intent of", stream, following.name, undo=False)
        handled = await handle(runner, stream, command)
        if step:
            die_at("after the outcome of", stream, step, undo=command.undo)
        return handled

    Runner._ask = crashing_ask  # type: ignore[method-assign,assignment] # that is the point
    Runner._handle = crashing_handle  # type: ignore[method-assign,assignment] # as above


def _hurry(pause: timedelta) -> None:
    from functions.notifications import state  # noqa: PLC0415 - other processes have none

    state.PAUSES = (pause, *state.PAUSES[1:])

    from functions.notifications import reactor  # noqa: PLC0415 - what it takes from there must be changed before

    soon = reactor.IDLE_JOBS["/retry/soon"]
    reactor.IDLE_JOBS["/retry/soon"] = type(soon)(soon.category, pause + timedelta(seconds=1), soon.react)


if "SAGA_CRASHES" in os.environ:
    _crash_around_calls(Path(os.environ["SAGA_CRASHES"]))
if "MAIL_PAUSE" in os.environ:
    _hurry(timedelta(seconds=float(os.environ["MAIL_PAUSE"])))
