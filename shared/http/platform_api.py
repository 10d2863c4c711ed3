"""The platform's own calls: pushed messages and scheduled runs, from Google's callers and nobody else."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

from pydantic_core import to_json
from starlette.requests import Request
from starlette.responses import Response

from shared.eventsourcing.codec import decode_commit
from shared.eventsourcing.errors import CorruptDataError
from shared.eventsourcing.message import MAX_COMMIT_BYTES, Commit, category_of, parse_message_id
from shared.eventsourcing.projector import MAX_ERROR_CHARS, DeadLetters, Outcome, Projector
from shared.http.auth import PlatformCallers
from shared.http.problems import ProblemError, bad_field
from shared.http.requests import Body, parse_body, path_of, read_body

Job = Callable[[], Awaitable[Any]]


@dataclass(frozen=True, slots=True)
class ScheduleEdge:
    """Runs jobs by path: `{"/sweep": sweep.run}`. The answer is the job's report."""

    callers: PlatformCallers
    jobs: Mapping[str, Job]

    async def __call__(self, request: Request) -> Response:
        await self.callers.check(request.headers.get("authorization"))
        job = self.jobs.get(path_of(request))
        if job is None or request.method != "POST":
            raise ProblemError(404, "not-found", "there is no such job")
        report = asdict(await job())
        outcome = " ".join(f"{name}={value}" for name, value in report.items())
        return Response(to_json(report), 200, {"Outcome": outcome}, "application/json")


class RedriveBody(Body):
    """Which parked stream of which projection; `dry_run` shows what would change and changes nothing."""

    projection: str
    stream: str
    dry_run: bool = True


@dataclass(frozen=True, slots=True)
class ProjectorEdge:
    """Hands a pushed commit to each of a service's projectors. A 2xx acknowledges; a 503 makes it come again.

    `POST /dead-letters` lists parked streams, `POST /redrive` lets one go on; both for the platform's operators, whose
    identity may call this function.
    """

    callers: PlatformCallers
    projectors: Sequence[Projector[Any, Any]]
    dead_letters: DeadLetters
    clock: Callable[[], datetime]
    schedule: ScheduleEdge

    async def __call__(self, request: Request) -> Response:
        await self.callers.check(request.headers.get("authorization"))
        match path_of(request):
            case "/":
                return await self._push(request)
            case "/dead-letters":
                return await self._parked()
            case "/redrive":
                return await self._redrive(request)
            case _:
                return await self.schedule(request)

    async def _parked(self) -> Response:
        categories = {projector.projection.category for projector in self.projectors}
        parked = [asdict(each) for name in sorted(categories) async for each in self.dead_letters.list(name)]
        return Response(to_json({"items": parked}), 200, media_type="application/json")

    async def _redrive(self, request: Request) -> Response:
        wanted = parse_body(RedriveBody, request, await read_body(request))
        for projector in self.projectors:
            if projector.projection.name == wanted.projection:
                before, after = await projector.redrive(wanted.stream, dry_run=wanted.dry_run)
                report = {"before": before, "after": after, "dry_run": wanted.dry_run}
                return Response(to_json(report), 200, media_type="application/json")
        raise bad_field("projection", "this service has none of that name")

    async def _push(self, request: Request) -> Response:
        outcomes = await self._deliver(request.headers, await read_body(request, MAX_COMMIT_BYTES))
        told = "buried" if outcomes is None else ",".join(outcomes) or "nothing to project"
        return Response(status_code=204, headers={"Outcome": told})

    async def _deliver(self, headers: Mapping[str, str], body: bytes) -> list[Outcome] | None:
        """A message whose body cannot be read still says which commit it is about: that is read from the log."""
        identity = headers.get("ce-id", "")
        try:
            commit = _commit(headers, body)
        except CorruptDataError as error:
            try:
                stream, version, _ = parse_message_id(identity)
            except ValueError:
                bury_id = identity or headers.get("x-goog-pubsub-message-id", "unnamed")
                await self.dead_letters.bury(bury_id, error=str(error)[:MAX_ERROR_CHARS], body=body, at=self.clock())
                return None
            return [await projector.heal(stream, version) for projector in self._of(stream)]
        return [await projector.deliver(commit) for projector in self._of(commit.stream)]

    def _of(self, stream: str) -> list[Projector[Any, Any]]:
        category = category_of(stream)
        return [projector for projector in self.projectors if projector.projection.category == category]


async def bury(
    dead_letters: DeadLetters, service: str, headers: Mapping[str, str], body: bytes, *, error: Exception, at: datetime
) -> None:
    """Keep an event of another service that this one can never take, by its id or else by the broker's."""
    name = headers.get("ce-id") or headers.get("x-goog-pubsub-message-id", "unnamed")
    reason = f"{service}: {type(error).__name__}: {error}"[:MAX_ERROR_CHARS]
    await dead_letters.bury(f"{service}/{name}", error=reason, body=body, at=at)


def _commit(headers: Mapping[str, str], body: bytes) -> Commit:
    try:
        recorded_at = datetime.fromisoformat(headers["ce-recordedtime"])
    except (KeyError, ValueError) as error:
        raise CorruptDataError("the message does not say when it was recorded") from error
    commit = decode_commit(body, recorded_at)
    if commit.id != headers.get("ce-id"):
        raise CorruptDataError(f"the message says {headers.get('ce-id')}, its body {commit.id}")
    return commit
