"""What every function that messages are pushed to answers to the platform, and nobody else: pushes, and what operators
do about the messages that it could not take.
"""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import asdict
from typing import Any

from pydantic_core import to_json
from starlette.requests import Request
from starlette.responses import Response

from shared.eventsourcing.dead_letters import Buried, Parked, Place
from shared.eventsourcing.desk import Desk
from shared.eventsourcing.message import MAX_COMMIT_BYTES
from shared.http.auth import PlatformCallers
from shared.http.problems import ProblemError
from shared.http.requests import Body, Parameters, parse_body, parse_parameters, path_of, read_body
from shared.observability.facts import note
from shared.observability.tracing import begin_span

PUSH, DEAD_LETTERS, REDRIVE = "/", "/dead-letters", "/redrive"


class RedriveBody(Body):
    """Which buried message, or which parked stream of which projection; `dry_run` shows what would be done and does
    nothing.
    """

    subscription: str = ""
    message_id: str = ""
    projection: str = ""
    stream: str = ""
    dry_run: bool = True


class MessageEdge:
    """Hands a pushed message to the function's desk. A 2xx acknowledges; a 503 makes it come again.

    `POST /dead-letters` lists what is buried for this function, `POST /redrive` takes one of these again: for the
    platform's own callers; operators do both with the command line. Every other path is for `otherwise`. No path takes
    another method.
    """

    def __init__(
        self, callers: PlatformCallers, desk: Desk, otherwise: Callable[[Request], Awaitable[Response]]
    ) -> None:
        self.callers = callers
        self.desk = desk
        self._otherwise = otherwise

    async def __call__(self, request: Request) -> Response:
        await self.callers.check(request.headers.get("authorization"))
        begin_span(trusted=True)
        note("message_id", request.headers.get("ce-id"))
        note("correlation_id", request.headers.get("ce-correlationid"))
        if request.method != "POST":
            raise ProblemError(405, "method-not-allowed", "this function takes POST only", headers={"Allow": "POST"})
        path = path_of(request)
        if path not in (PUSH, DEAD_LETTERS, REDRIVE):
            return await self._otherwise(request)
        if path == PUSH:
            return await self.push(request)
        parse_parameters(Parameters, request)
        if path == DEAD_LETTERS:
            return _told(await self.letters())
        return _told(await self.redrive(parse_body(RedriveBody, request, await read_body(request))))

    async def push(self, request: Request) -> Response:
        """One message of a subscription."""
        body = await read_body(request, MAX_COMMIT_BYTES)
        return Response(status_code=204, headers={"Outcome": await self.desk.deliver(request.headers, body)})

    async def letters(self) -> dict[str, Any]:
        """All that waits for an operator here, by kind."""
        return {"messages": [readable(each) for each in await self.desk.letters()]}

    async def redrive(self, wanted: RedriveBody) -> dict[str, Any]:
        """What came of it, or in a dry run what would take the message; a 404 problem if nothing is buried there."""
        place = Place(self.desk.service, wanted.subscription, wanted.message_id)
        letter = await self.desk.dead_letters.message(place)
        if letter is None or letter.function != self.desk.function:
            raise ProblemError(404, "not-found", "there is no such dead letter here")
        return {**asdict(await self.desk.redrive(letter, dry_run=wanted.dry_run)), "dry_run": wanted.dry_run}


def readable(letter: Parked | Buried) -> dict[str, Any]:
    """As plain data for people; bytes that are no text are shown as far as they are."""
    return {**asdict(letter), "body": letter.body.decode(errors="replace")}


def _told(report: Mapping[str, Any]) -> Response:
    return Response(to_json(report), 200, media_type="application/json")
