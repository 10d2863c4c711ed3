"""The cart's composition root: its parts, wired; its entry points, bound. No logic."""

from functions_framework import aio
from starlette.requests import Request
from starlette.responses import Response

from functions.cart.command_api import CART_COMMANDS
from functions.cart.decider import CART
from functions.cart.integration import to_integration
from functions.cart.manifest import MANIFEST
from functions.cart.projections import CARTS_PROJECTION
from functions.cart.query_api import CART_QUERIES
from functions.cart.reactor import IDLE_FOR, expire
from shared.bootstrap import EventSourcedService

SERVICE = EventSourcedService(
    manifest=MANIFEST,
    decider=CART,
    to_integration=to_integration,
    commands_api=CART_COMMANDS,
    query_apis=(CART_QUERIES,),
    projections=(CARTS_PROJECTION,),
    idle_jobs={"/expire": (IDLE_FOR, expire)},
)


@aio.http
async def commands(request: Request) -> Response:
    return await SERVICE.commands(request)


@aio.http
async def queries(request: Request) -> Response:
    return await SERVICE.queries(request)


@aio.http
async def projector(request: Request) -> Response:
    return await SERVICE.projector(request)


@aio.http
async def relay(request: Request) -> Response:
    return await SERVICE.relay(request)


@aio.http
async def reactor(request: Request) -> Response:
    return await SERVICE.reactor(request)
