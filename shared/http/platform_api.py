"""The platform's own calls: pushed messages and scheduled runs, from Google's callers and nobody else."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

from pydantic_core import to_json
from starlette.requests import Request
from starlette.responses import Response

from shared.eventsourcing.codec import decode_commit
from shared.eventsourcing.dead_letters import DeadLetters
from shared.eventsourcing.desk import Desk, UnreadableError
from shared.eventsourcing.errors import CorruptDataError
from shared.eventsourcing.message import Commit, category_of, parse_message_id
from shared.eventsourcing.projector import Keeper, Outcome, Projector
from shared.http.auth import PlatformCallers
from shared.http.message_edge import MessageEdge, RedriveBody, readable
from shared.http.problems import ProblemError, bad_field
from shared.http.requests import Parameters, parse_parameters, path_of
from shared.observability.facts import note
from shared.observability.tracing import begin_span

Job = Callable[[], Awaitable[Any]]


@dataclass(frozen=True, slots=True)
class ScheduleEdge:
    """Runs jobs by path: `{"/sweep": sweep.run}`. The answer is the job's report."""

    callers: PlatformCallers
    jobs: Mapping[str, Job]

    async def __call__(self, request: Request) -> Response:
        await self.callers.check(request.headers.get("authorization"))
        begin_span(trusted=True)
        job = self.jobs.get(path_of(request))
        if job is None:
            raise ProblemError(404, "not-found", "there is no such job")
        if request.method != "POST":
            raise ProblemError(405, "method-not-allowed", "a job takes POST only", headers={"Allow": "POST"})
        parse_parameters(Parameters, request)
        report = asdict(await job())
        note("report", report)
        outcome = " ".join(f"{name}={value}" for name, value in report.items())
        return Response(to_json(report), 200, {"Outcome": outcome}, "application/json")


class ProjectorEdge(MessageEdge):
    """Hands a pushed commit to each of a service's projectors. What it lists has parked streams, too, and it re-drives
    them.
    """

    def __init__(
        self,
        service: str,
        projectors: Sequence[Keeper],
        *,
        callers: PlatformCallers,
        dead_letters: DeadLetters,
        clock: Callable[[], datetime],
        schedule: ScheduleEdge,
    ) -> None:
        desk = Desk(
            service=service,
            function="projector",
            taker=_Projecting(projectors, clock),
            dead_letters=dead_letters,
            clock=clock,
        )
        super().__init__(callers, desk, schedule)
        self.projectors = projectors

    async def letters(self) -> dict[str, Any]:
        categories = {projector.projection.category for projector in self.projectors}
        parked = [each for name in sorted(categories) async for each in self.desk.dead_letters.list(name)]
        return {"items": [readable(each) for each in parked], **await super().letters()}

    async def redrive(self, wanted: RedriveBody) -> dict[str, Any]:
        """Of a parked stream: its document before and after."""
        if not wanted.projection:
            return await super().redrive(wanted)
        for projector in await self.kept():
            if projector.projection.name == wanted.projection:
                before, after = await projector.redrive(wanted.stream, dry_run=wanted.dry_run)
                return {"before": before, "after": after, "dry_run": wanted.dry_run}
        raise bad_field("projection", "this service has none of that name")

    async def kept(self) -> list[Projector[Any, Any]]:
        """The projectors of all read models, in every generation that is kept."""
        return [projector for keeper in self.projectors for projector in await keeper.kept()]


@dataclass(frozen=True, slots=True)
class _Projecting:
    """`Taker` of commits."""

    projectors: Sequence[Keeper]
    clock: Callable[[], datetime]
    never: tuple[type[Exception], ...] = (UnreadableError,)

    async def take(self, headers: Mapping[str, str], body: bytes) -> str:
        """A message whose body cannot be read still says which commit it is about: that is read from the log."""
        try:
            commit = pushed_commit(headers, body)
        except CorruptDataError as error:
            stream, version = _named(headers, error)
            outcomes = [await projector.heal(stream, version) for projector in self._of(stream)]
        else:
            outcomes = [await projector.deliver(commit) for projector in self._of(commit.stream)]
            self._note_lag(commit, outcomes)
        return ",".join(outcomes) or "nothing to project"

    def _note_lag(self, commit: Commit, outcomes: Sequence[Outcome]) -> None:
        """Milliseconds from when a commit was recorded to when it can be read; a duplicate was read long before."""
        if Outcome.APPLIED in outcomes or Outcome.HEALED in outcomes:
            lag = (self.clock() - commit.recorded_at).total_seconds() * 1000
            note("lag", round(max(lag, 0.0), 1))  # two machines' clocks

    def reads(self, headers: Mapping[str, str], body: bytes) -> str:
        try:
            commit = pushed_commit(headers, body)
        except CorruptDataError as error:
            stream, version = _named(headers, error)
            return f"{self._names(stream)}: {stream} is brought to version {version} from the log ({error})"
        types = ", ".join(event.type for event in commit.events)
        return f"{self._names(commit.stream)}: commit {commit.id} of {types}"

    def _of(self, stream: str) -> list[Keeper]:
        category = category_of(stream)
        return [projector for projector in self.projectors if projector.projection.category == category]

    def _names(self, stream: str) -> str:
        return ", ".join(each.projection.name for each in self._of(stream)) or "nothing to project"


def _named(headers: Mapping[str, str], unread: CorruptDataError) -> tuple[str, int]:
    """Which commit a message is about by its id alone."""
    try:
        stream, version, _ = parse_message_id(headers.get("ce-id", ""))
    except ValueError as error:
        raise UnreadableError(str(unread)) from error
    return stream, version


def pushed_commit(headers: Mapping[str, str], body: bytes) -> Commit:
    """The commit that a message of a domain topic carries; CorruptDataError if it is none, or not the one it names."""
    try:
        recorded_at = datetime.fromisoformat(headers["ce-recordedtime"])
    except (KeyError, ValueError) as error:
        raise CorruptDataError("the message does not say when it was recorded") from error
    commit = decode_commit(body, recorded_at)
    if commit.id != headers.get("ce-id"):
        raise CorruptDataError(f"the message says {headers.get('ce-id')}, its body {commit.id}")
    return commit
