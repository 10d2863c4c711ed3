"""What surrounds every function: problems for errors, one log line per request, its timings."""

from collections.abc import Awaitable, Callable
from time import perf_counter
from traceback import format_exception

from starlette.requests import Request
from starlette.responses import Response

from shared.http.problems import ProblemError, problem_of
from shared.http.requests import check_headers, path_of
from shared.observability.facts import facts
from shared.observability.logs import Log
from shared.observability.timing import server_timing, timings
from shared.observability.tracing import current_traceparent, request_trace

_UNFORESEEN = 500
Handler = Callable[[Request], Awaitable[Response]]


def guarded(function: str, handler: Handler, log: Log) -> Handler:
    """`handler`, with whatever it raises turned into a problem; an unforeseen error is a 500 that tells nothing."""

    async def handle(request: Request) -> Response:
        started = perf_counter()
        error: Exception | None = None
        stated = request.headers.getlist("traceparent")
        trace = stated[0] if len(stated) == 1 else None  # of two, neither is to be believed
        with timings() as durations, facts() as found, request_trace(f"{function} {request.method}", trace):
            try:
                check_headers(request.headers)
                response = await handler(request)
            except Exception as raised:  # noqa: BLE001 - the last line of defence: nothing may escape unlogged
                error = raised
                problem = problem_of(raised) or ProblemError(500, "internal-error", "something went wrong here")
                response = problem.response()
            traceparent = current_traceparent()
        if durations:
            response.headers["Server-Timing"] = server_timing(durations)
        log(
            _severity(response.status_code),
            f"{request.method} {path_of(request)} {response.status_code}",
            traceparent=traceparent,
            function=function,
            status=response.status_code,
            outcome=response.headers.get("outcome"),
            version=response.headers.get("etag"),
            milliseconds=round((perf_counter() - started) * 1000, 2),
            timings={name: round(duration, 2) for name, duration in durations.items()} or None,
            error=f"{type(error).__name__}: {error}" if error else None,
            stack_trace="".join(format_exception(error)) if error and response.status_code == _UNFORESEEN else None,
            **found,
        )
        return response

    return handle


def _severity(status: int) -> str:
    if status >= 500:  # noqa: PLR2004 - HTTP's own classes
        return "ERROR"
    return "WARNING" if status >= 400 else "INFO"  # noqa: PLR2004 - HTTP's own classes
