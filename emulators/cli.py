"""The command line: start the platform, look at it, stop it; and what `cli_feed` adds."""

import asyncio
import time
from typing import Annotated, Any

import aiohttp
import psutil
import typer

from emulators.cli_feed import demo, feed
from emulators.cli_schemas import schemas
from emulators.platform import LocalPlatform, PlatformError
from emulators.running import InterruptedByUserError, run
from emulators.settings import PROGRAM, Options, RuntimeChoice
from emulators.status_view import show_status
from emulators.terminal import (
    FOLDER,
    FaultsOption,
    FolderOption,
    MinuteOption,
    PerFunctionOption,
    PortOption,
    RuntimeOption,
    announce,
    for_people,
    out,
    running,
    say,
)
from shared.http.auth import Role

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
    minute: MinuteOption = 2.0,
    folder: FolderOption = FOLDER,
) -> None:
    """Start the platform and stay until Ctrl-C, or [b]down[/b] from another terminal."""
    options = Options(
        runtime=runtime, port=port, per_function=per_function, faults=faults, minute=minute, folder=folder
    )

    async def stay() -> None:
        async with LocalPlatform(options, say=say) as platform:
            announce(platform, stays=True)
            await asyncio.Event().wait()

    with for_people():
        try:
            run(stay)
        except InterruptedByUserError:
            say("stopped")


app.command()(demo)
app.command()(feed)
app.command()(schemas)


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
