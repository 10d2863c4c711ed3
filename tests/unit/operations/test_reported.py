"""What a replay tells Cloud Logging."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pytest

from emulators.operate.reported import EntryLog, operations_log, report_replay
from shared.adapters.cloud_logging import CloudLogging
from shared.config import Runtime, Settings, settings
from shared.eventsourcing.errors import UnavailableError
from shared.operations.replay import Replayed
from tests.unit.kit.service_world import environment

REPLAYED = Replayed(events=2_000_000, documents=7, behind=(), seconds=300.0)


@dataclass
class Entries:
    """A log that keeps what it takes, or takes nothing."""

    down: bool = False
    taken: list[Mapping[str, Any]] = field(default_factory=list)

    async def write(self, severity: str, message: str, **fields: Any) -> None:
        if self.down:
            raise UnavailableError("Cloud Logging answered 403")
        self.taken.append({"severity": severity, "message": message, **fields})


@pytest.fixture
def cloud(tmp_path: Path) -> Settings:
    """The settings of an operator who works on the cloud."""
    return replace(settings(environment(tmp_path)), runtime=Runtime.GCP, prefix="dev-")


async def told(cloud: Settings, log: EntryLog | None, replayed: Replayed = REPLAYED) -> list[str]:
    """What the operator hears."""
    said: list[str] = []
    await report_replay(cloud, said.append, service="cart", read_model="carts", replayed=replayed, log_of=lambda _: log)
    return said


async def test_a_replay_is_told_with_its_pace(cloud: Settings) -> None:
    """By the million events, whatever the number was."""
    entries = Entries()

    said = await told(cloud, entries)

    (entry,) = entries.taken
    assert said == []
    assert entry == {
        "severity": "INFO",
        "message": "cart carts: 2,000,000 events replayed in 300.0 s",
        "operation": "replay",
        "environment": "dev",
        "service": "cart",
        "read_model": "carts",
        "events": 2_000_000,
        "documents": 7,
        "seconds": 300.0,
        "events_per_second": 6666.7,
        "seconds_per_million": 150.0,
    }


async def test_a_replay_is_done_although_it_cannot_be_told(cloud: Settings) -> None:
    """The operator hears that, and nothing fails."""
    (line,) = await told(cloud, Entries(down=True))

    assert "not written to Cloud Logging" in line
    assert "answered 403" in line


async def test_a_replay_of_nothing_is_not_told(cloud: Settings) -> None:
    """It has no pace."""
    entries = Entries()

    await told(cloud, entries, replace(REPLAYED, events=0))

    assert entries.taken == []


@pytest.mark.parametrize("runtime", [Runtime.EMULATORS, Runtime.EMBEDDED])
def test_a_local_replay_is_nobodys_business(cloud: Settings, runtime: Runtime) -> None:
    """There is no Cloud Logging here."""
    assert operations_log(replace(cloud, runtime=runtime)) is None


def test_in_the_cloud_it_is_cloud_logging(cloud: Settings) -> None:
    """With the operator's own identity, asked for when the first entry is written."""
    assert isinstance(operations_log(cloud), CloudLogging)
