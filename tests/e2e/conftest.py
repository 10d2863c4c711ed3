"""One platform a module, and ways to make its function processes crash."""

from collections.abc import AsyncIterator, Callable, Iterator, Mapping, Sequence
from pathlib import Path

import pytest
import pytest_asyncio

from emulators.processes import supervision as processes
from emulators.processes.guard import Guarded
from tests.e2e.rig import Rig, held, running

CRASH_POINTS = Path(__file__).parent / "crash_points"


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def rig(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Rig]:
    """A platform whose schedules wait to be fired."""
    async with held(running(tmp_path_factory.mktemp("platform"))) as rig:
        yield rig


@pytest.fixture(scope="module")
def crash_file(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """Whoever writes a step into this file before asking makes the function process that gets there die."""
    file = tmp_path_factory.mktemp("crash") / "step"

    def guarded(command: Sequence[str], *, log_file: Path, env: Mapping[str, str]) -> Guarded:
        path = f"{env['PYTHONPATH']}:{CRASH_POINTS}"
        return Guarded(command, log_file=log_file, env={**env, "PYTHONPATH": path, "CRASH_FILE": str(file)})

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(processes, "Guarded", guarded)
        yield file


@pytest.fixture
def crash_at(crash_file: Path) -> Callable[[str], object]:
    """Arms the next crash."""
    return crash_file.write_text


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def crashing(crash_file: Path, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Rig]:
    """A platform whose function processes die at the step in `crash_file`."""
    async with held(running(tmp_path_factory.mktemp("crashing"))) as rig:
        yield rig
