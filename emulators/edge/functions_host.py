"""All functions of one service in one process, out of its archive: boots in a second, behaves as deployed.

Run as `python -P -m emulators.edge.functions_host --source <archive>/main.py --port N function...`. A request to
`/<function>/<path>` reaches that function as `/<path>`. `/_health` and `/_operations` are the host's own.
"""

import argparse
import json
import sys
from collections.abc import Awaitable, Callable, Mapping, MutableMapping, Sequence
from dataclasses import asdict, is_dataclass
from pathlib import Path
from typing import Any

import uvicorn

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]
AsgiApp = Callable[[Scope, Receive, Send], Awaitable[None]]

_KEEP_ALIVE = 75
"""Seconds: longer than the gateway keeps an idle connection, so that it is never the server that closes first."""


def load(source: Path, functions: Sequence[str]) -> dict[str, AsgiApp]:
    """The functions of an archive as the Functions Framework makes them; the archive comes first on the path."""
    sys.path.insert(0, str(source.parent))
    from functions_framework.aio import create_asgi_app  # noqa: PLC0415 - after the archive is on the path

    return {name: create_asgi_app(name, str(source), "http") for name in functions}  # type: ignore[no-untyped-call] # it has no types


def dispatcher(apps: Mapping[str, AsgiApp]) -> AsgiApp:
    """One ASGI app for all of them: the first segment of the path names the function and is taken off."""

    async def dispatch(scope: Scope, receive: Receive, send: Send) -> None:
        name, slash, rest = scope["path"][1:].partition("/")
        if app := apps.get(name):
            raw: bytes = scope.get("raw_path") or scope["path"].encode()
            inside = {**scope, "path": slash + rest or "/", "raw_path": raw[1 + len(name) :] or b"/"}
            await app(inside, receive, send)
        elif name == "_health":
            await _answer(send, 200, {"status": "ok"})
        elif name == "_operations":
            await _answer(send, 200, _operations())
        else:
            await _answer(send, 404, {"title": f"no function is called {name!r}"})

    return dispatch


def _operations() -> dict[str, Any]:
    """What the process asked of its stores and topics so far."""
    from shared import bootstrap  # noqa: PLC0415 - the archive's own copy

    counts = bootstrap.operations()
    return asdict(counts) if is_dataclass(counts) and not isinstance(counts, type) else dict(counts)


async def _answer(send: Send, status: int, content: Mapping[str, Any]) -> None:
    body = json.dumps(content).encode()
    headers = [(b"content-type", b"application/json"), (b"content-length", str(len(body)).encode())]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})


def main(arguments: Sequence[str]) -> None:
    parser = argparse.ArgumentParser(prog="python -m emulators.edge.functions_host", description=__doc__)
    parser.add_argument("--source", type=Path, required=True)
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("functions", nargs="+")
    options = parser.parse_args(arguments)
    uvicorn.run(
        dispatcher(load(options.source.resolve(), options.functions)),
        host="127.0.0.1",
        port=options.port,
        loop="uvloop",
        http="httptools",
        lifespan="off",
        access_log=False,
        log_level="warning",
        server_header=False,
        timeout_keep_alive=_KEEP_ALIVE,
        timeout_graceful_shutdown=2,
    )


if __name__ == "__main__":
    main(sys.argv[1:])
