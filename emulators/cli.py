"""The command line: start the platform, look at it, stop it; and what `cli_shop` and `cli_feed` add."""

import asyncio
import time
from typing import Annotated, Any

import aiohttp
import psutil
import typer

import functions
from emulators.cli_analytics import analytics, growth
from emulators.cli_dead_letters import dead_letters
from emulators.cli_feed import feed
from emulators.cli_read_models import COMMANDS as READ_MODEL_COMMANDS
from emulators.cli_republish import republish
from emulators.cli_schemas import schemas
from emulators.cli_shop import demo, shop
from emulators.platform import LocalPlatform, PlatformError
from emulators.running import InterruptedByUserError, run
from emulators.settings import MINUTE, PROGRAM, Options, RuntimeChoice
from emulators.status_view import show_status
from emulators.terminal import (
    FOLDER,
    FaultsOption,
    FolderOption,
    MinuteOption,
    PerFunctionOption,
    PortOption,
    RuntimeOption,
    ServicesOption,
    announce,
    for_people,
    out,
    running,
    say,
)
from shared.http.auth import Role
from shared.topology import Service, discover

_STOP_SECONDS = 20

app = typer.Typer(
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode="rich",
    pretty_exceptions_enable=False,
    help="""The commerce platform on this machine: http://127.0.0.1:8080/<service>/v1/...

    It runs on Google's Firestore and Pub/Sub emulators where this machine has them (runtime [b]emulators[/b]), or all
    in one process with nothing else to install (runtime [b]embedded[/b]). Logs and state are kept in [b].local/[/b].

    Exit codes: 0 done, 1 failed, 2 wrong usage, 3 the books do not balance, 130 interrupted.""",
)


@app.command()
def up(
    *,
    runtime: RuntimeOption = RuntimeChoice.AUTO,
    port: PortOption = 8080,
    per_function: PerFunctionOption = False,
    faults: FaultsOption = "",
    minute: MinuteOption = MINUTE,
    service: ServicesOption = None,
    folder: FolderOption = FOLDER,
) -> None:
    """Start the platform and stay until Ctrl-C, or [b]down[/b] from another terminal."""
    options = Options(
        runtime=runtime, port=port, per_function=per_function, faults=faults, minute=minute, folder=folder
    )

    async def stay() -> None:
        async with LocalPlatform(options, say=say, services=_chosen(service)) as platform:
            announce(platform, stays=True)
            await asyncio.Event().wait()

    with for_people():
        try:
            run(stay)
        except InterruptedByUserError:
            say("stopped")


def _chosen(names: list[str] | None) -> tuple[Service, ...] | None:
    """All of them, if none is named."""
    known = {service.name: service for service in discover(functions)}
    if unknown := sorted(set(names or ()) - known.keys()):
        raise typer.BadParameter(f"there is no service {unknown[0]}; there are {', '.join(known)}")
    return tuple(known[name] for name in names) if names else None


app.command()(demo)
app.command()(shop)
app.command()(feed)
app.command()(schemas)
app.command()(analytics)
app.command()(growth)
app.command()(republish)
for command in READ_MODEL_COMMANDS:
    app.command()(command)
app.add_typer(dead_letters, name="dead-letters")


@app.command()
def status(folder: FolderOption = FOLDER) -> None:
    """Show what runs, where, and how deliveries and schedules are doing."""
    with for_people():
        show_status(out, run(lambda: _get(running(folder).origin + "/_local/status")))


@app.command()
def down(folder: FolderOption = FOLDER) -> None:
    """Stop the platform that runs in another terminal."""
    with for_people():
        process = psutil.Process(running(folder).pid)
        process.terminate()
        deadline = time.monotonic() + _STOP_SECONDS
        while _alive(process):
            if time.monotonic() > deadline:
                process.kill()
                raise PlatformError(f"it did not stop within {_STOP_SECONDS} s and was killed")
            time.sleep(0.05)
        say("stopped")


@app.command(
    help=f"""Print a bearer token for the running platform, good for an hour.

    curl -H "Authorization: Bearer $({PROGRAM} token --subject 900 --role customer)" ..."""
)
def token(
    subject: Annotated[str, typer.Option("--subject", help="Whom the token is for, such as a household's number.")],
    roles: Annotated[list[Role], typer.Option("--role", help="What the bearer may be; repeatable.")],
    folder: FolderOption = FOLDER,
) -> None:
    """What `--help` says stands above, for it names the program."""

    async def fetch() -> str:
        url, form = running(folder).origin + "/oauth/token", {"subject": subject, "roles": " ".join(roles)}
        async with aiohttp.ClientSession() as session, session.post(url, data=form) as response:
            answer = await response.json()
            if not response.ok:
                raise PlatformError(f"no token was given: {answer.get('error_description', response.reason)}")
            return str(answer["access_token"])

    with for_people():
        print(run(fetch))


def _alive(process: psutil.Process) -> bool:
    """A zombie has ended; only whoever started it has not asked yet."""
    try:
        return process.status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


async def _get(url: str) -> dict[str, Any]:
    async with aiohttp.ClientSession() as session, session.get(url) as response:
        answer: dict[str, Any] = await response.json()
        return answer
