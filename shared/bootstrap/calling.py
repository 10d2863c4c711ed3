"""The other services, for functions that ask them."""

from shared.adapters.system import utc_now
from shared.bootstrap.runtime import at_end, environment
from shared.eventsourcing.workflow.calls import Caller, Request, Response

_MOST_CALLS = 100


class OtherServices:
    """`Caller`. Its client is made by its first call: most requests call nobody, and its import costs a cold start."""

    def __init__(self) -> None:
        self._caller: Caller | None = None

    async def call(self, request: Request) -> Response:
        if self._caller is None:
            self._caller = _caller()
        return await self._caller.call(request)


def _caller() -> Caller:
    import httpx  # noqa: PLC0415 - most functions call nobody

    from shared.adapters.identity import IdentityToken  # noqa: PLC0415 - as above
    from shared.adapters.service_caller import HttpCaller  # noqa: PLC0415 - as above

    env = environment()
    client = httpx.AsyncClient(limits=httpx.Limits(max_connections=_MOST_CALLS, keepalive_expiry=30.0))
    at_end(client.aclose)
    token = IdentityToken(env.metadata_host, env.origin, utc_now, client)
    return HttpCaller(env.origin, token, client)
