"""Python imports this at the start of a process that has this folder on its path. The product knows nothing of it.

The file `BUGS` names streams, one a line, that functions cannot cope with: `park <stream>@<version>` makes projections
fail on this commit, `refuse <stream>` makes the projector function answer 500 to every message about it.
"""

import os
from pathlib import Path
from typing import Any


def _planted(bug: str) -> bool:
    return bug in Path(os.environ["BUGS"]).read_text().splitlines()


def _plant() -> None:
    from shared.eventsourcing.projection import Projection  # noqa: PLC0415 - other processes need none of it
    from shared.eventsourcing.projectors import Projectors  # noqa: PLC0415 - as above

    apply, deliver = Projection.apply, Projectors.deliver

    def failing(projection: Any, document: Any, commit: Any) -> Any:
        if _planted(f"park {commit.id}"):
            raise ZeroDivisionError("a planted bug")
        return apply(projection, document, commit)

    async def refusing(projectors: Any, commit: Any) -> Any:
        if _planted(f"refuse {commit.stream}"):
            raise RuntimeError("a planted bug")
        return await deliver(projectors, commit)

    Projection.apply = failing  # type: ignore[method-assign, assignment] # that is the point
    Projectors.deliver = refusing  # type: ignore[method-assign, assignment] # as above


if "BUGS" in os.environ:
    _plant()
