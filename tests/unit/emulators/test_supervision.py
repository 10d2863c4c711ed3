"""The function processes: what they tell about themselves."""

from pathlib import Path

import aiohttp
from aiohttp import web
from aiohttp.test_utils import TestServer

from emulators.processes.plans import Plan
from emulators.processes.ports import free_ports
from emulators.processes.supervision import FunctionProcesses

COUNTS = {"rpcs": {"Commit": 3}, "documents_read": 0, "documents_written": 6, "documents_deleted": 0}


def plan(name: str, port: int, *, hosted: bool = True) -> Plan:
    return Plan(name, name, ("commands",), port, (), Path(), hosted=hosted)


async def test_a_process_that_does_not_say_what_it_asked_for_is_named(tmp_path: Path) -> None:
    """Neither one that does not count, as none does with one process a function, nor one without an answer is left out:
    nobody takes the sum of the others for the sum of all.
    """

    async def operations(_: web.Request) -> web.Response:
        return web.json_response(COUNTS)

    app = web.Application()
    app.router.add_get("/_operations", operations)
    async with TestServer(app) as server, aiohttp.ClientSession() as session:
        assert server.port is not None
        (dead,) = free_ports(1)
        plans = (plan("cart", server.port), plan("shop", dead), plan("cart-queries", server.port, hosted=False))
        processes = FunctionProcesses(plans, {}, tmp_path, session, print)

        assert await processes.operations() == {"cart": COUNTS, "shop": None, "cart-queries": None}
