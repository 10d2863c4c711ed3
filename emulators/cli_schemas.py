"""The command that keeps `schemas/` in step with the code."""

from typing import Annotated

import typer

from emulators import contracts
from emulators.terminal import Exit, err, for_people, say

CheckOption = Annotated[bool, typer.Option("--check", help="Change nothing; exit 1 and say what is not up to date.")]


def schemas(*, check: CheckOption = False) -> None:
    """Write the contracts of all services to [b]schemas/[/b]: JSON Schemas, OpenAPI, AsyncAPI.

    A stored or published shape that is there already is never changed: a changed event gets a new version.
    """
    composed = contracts.services()
    if not check:
        with for_people(contracts.BrokenPromiseError):
            changed = contracts.write(composed)
        for path in changed:
            say(f"schemas/{path}")
        say(f"{len(changed)} changed")
    problems = contracts.check(composed)
    for problem in problems:
        err.print(f"error: schemas/{problem}", style="red", markup=False, soft_wrap=True)
    if problems:
        raise typer.Exit(Exit.FAILED)
    if check:
        say("schemas/ is up to date")
