"""What can be asked of a workflow, by clients, operators and its own runner."""

from typing import Any

from pydantic import AwareDatetime, BaseModel, ConfigDict

from shared.eventsourcing.message import Command
from shared.eventsourcing.workflow.events import DeclineCode


class _Answer(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Succeeded(_Answer):
    """It was done; `learned` is what the workflow keeps of the answer."""

    learned: dict[str, Any] = {}


class Refused(_Answer):
    """A rule of the service refused it. `done`: the service did it, and what it answered is not acceptable."""

    code: str
    detail: str
    done: bool = False


class Unknown(_Answer):
    """No answer came, or one that does not tell: it may or may not have happened, or may yet happen. `fault`: because
    of a fault of the workflow's own service, which does not pass by itself.
    """

    error: str
    fault: bool = False


Outcome = Succeeded | Refused | Unknown


class Start(Command):
    """`data` is what the workflow knows from the beginning."""

    workflow_id: str
    data: dict[str, Any]
    at: AwareDatetime


class RecordOutcome(Command):
    """What came of the call of a step, or of its undo: of the attempt with this number."""

    step: str
    undo: bool
    attempt: int
    outcome: Outcome
    at: AwareDatetime


class Decide(Command):
    """What a person says at the step that waits for it."""

    step: str
    decision: dict[str, Any]
    actor: str
    at: AwareDatetime


class Decline(Command):
    """A person has a workflow that waits turned back, whatever it waits for: staff refuse it, or who asked for it
    withdraws it.
    """

    code: DeclineCode
    actor: str
    reason: str
    at: AwareDatetime


class Resume(Command):
    """Do what is due at this time: ask, ask again, turn back. Nothing, if nothing is due."""

    at: AwareDatetime


class Retry(Command):
    """An operator has what is stuck, waits to be asked again, or was left by whoever asked, asked now and with all its
    attempts. Nothing, if it is being asked.
    """

    actor: str
    reason: str
    at: AwareDatetime


class ForceCompensate(Command):
    """An operator turns back a workflow that has not come to its pivot."""

    actor: str
    reason: str
    at: AwareDatetime


WorkflowCommand = Start | RecordOutcome | Decide | Decline | Resume | Retry | ForceCompensate
