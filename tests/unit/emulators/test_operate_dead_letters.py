"""What operators see of dead letters and do about them, on a service in this process."""

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path

import pytest
from typer.testing import CliRunner

from emulators import cli_dead_letters
from emulators.operate import OPERATIONS
from emulators.operating import OperationError
from shared import bootstrap
from shared.bootstrap import Aggregate, EventSourcedService
from shared.eventsourcing.dead_letters import Buried, Origin
from shared.testing.doubles import NOON
from shared.topology import Collection, Service, event_sourced
from tests.unit.kit.conftest import TALLIES, TALLY, append, published
from tests.unit.kit.service_world import environment
from tests.unit.kit.test_projector import MENDED, POISON

MANIFEST = event_sourced(
    "tally", description="", publishes="", collections=(Collection(name="tallies", description=""),)
)
BROKEN = EventSourcedService(
    manifest=MANIFEST,
    aggregates=(Aggregate(TALLY, published),),
    command_apis=(),
    query_apis=(),
    projections=(TALLIES,),
)
WHOLE = replace(BROKEN, projections=(MENDED,))
LETTER = Buried(
    service="tally",
    function="projector",
    subscription="tally-projector",
    message_id="tally-2@1",
    attributes={"ce-id": "tally-2@1", "ce-type": "commerce.tally.commit.v1"},
    body=b"\xff",
    error="not accepted in 20 attempts; the function's log says why",
    origin=Origin.DEAD_LETTER_TOPIC,
    attempts=20,
    first_at=NOON,
    last_at=NOON,
)


@dataclass(frozen=True)
class Checkout:
    """`Operators` of one service, as it is in this checkout."""

    tally: EventSourcedService
    deps: bootstrap.Dependencies = field(default_factory=bootstrap.dependencies)

    def manifests(self) -> tuple[Service, ...]:
        return (MANIFEST,)

    def service(self, name: str) -> EventSourcedService:
        assert name == "tally"
        return self.tally


@dataclass
class Said:
    """What was said, and the exit code."""

    code: int
    lines: list[str]

    @property
    def text(self) -> str:
        return "\n".join(self.lines)


async def operate(name: str, tally: EventSourcedService = WHOLE, **arguments: object) -> Said:
    lines: list[str] = []
    code = await OPERATIONS[name](Checkout(replace(tally)), lines.append, **arguments)
    return Said(code, lines)


async def redrive(tally: EventSourcedService = WHOLE, *, dry_run: bool = False, **chosen: str) -> Said:
    return await operate("redrive_letters", tally, service="tally", dry_run=dry_run, **chosen)


@pytest.fixture(autouse=True)
def platform(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[None]:
    """The environment of an embedded platform."""
    for name, value in environment(tmp_path).items():
        monkeypatch.setenv(name, value)
    bootstrap.forget()
    yield
    bootstrap.forget()


@pytest.fixture
async def waiting() -> None:
    """tally-1 stands before its second commit of four; a message about tally-2 was given up."""
    deps = bootstrap.dependencies()
    projector = replace(BROKEN).projector(TALLIES)
    for by in (3, POISON, 4, 5):
        await projector.deliver(await append(deps.events, "tally-1", by))
    await append(deps.events, "tally-2", 7)
    await deps.dead_letters.bury(LETTER)


async def shown(key: str) -> tuple[int, bytes | None] | None:
    """Version and document."""
    row = await bootstrap.dependencies().rows.get("tallies", key)
    return (row.version, row.body) if row else None


async def left() -> list[str]:
    """What still waits, in short."""
    return [line.split()[2] for line in (await operate("list_letters", service="tally")).lines if "  " in line[:4]][::2]


class TestTheList:
    async def test_is_empty_at_first(self) -> None:
        """And says so."""
        assert (await operate("list_letters", service=None)).lines == ["no dead letters"]

    @pytest.mark.usefixtures("waiting")
    @pytest.mark.parametrize("service", [None, "tally"])
    async def test_says_what_waits_and_why(self, service: str | None) -> None:
        """The commit with who, when and what, the error, the followers; the message with what became of it."""
        said = await operate("list_letters", service=service)

        given_up = f"given up by the dead-letter topic after 20 attempts at {NOON.isoformat()}"
        assert said.code == 0
        assert said.lines == [
            "tally: 1 stream, 1 message",
            "  parked  tally.tallies  tally-1@2  ZeroDivisionError: thirteen",
            f"          Add by pos:till at {NOON.isoformat()}: Added.v1; 2 followers held",
            "  buried  tally-projector  tally-2@1  not accepted in 20 attempts; the function's log says why",
            f"          commerce.tally.commit.v1 for tally-projector; {given_up}",
        ]

    @pytest.mark.usefixtures("waiting")
    async def test_cuts_long_errors(self) -> None:
        """To one line that people read."""
        await bootstrap.dependencies().dead_letters.failed(LETTER.place, error=f"{'x' * 200}\nand more", at=NOON)

        said = await operate("list_letters", service="tally")

        assert f"  buried  tally-projector  tally-2@1  {'x' * 160}…" in said.lines
        assert "re-driven in vain: 1" in said.text


@pytest.mark.usefixtures("waiting")
class TestShow:
    async def test_of_a_commit(self) -> None:
        """The whole error, who waits, and the commit's JSON."""
        said = await operate("show_letter", service="tally", identity="tally-1@2")

        assert said.lines[1:6] == [
            f"commit tally-1@2: Add by pos:till at {NOON.isoformat()}: Added.v1",
            "2 followers held: versions 3, 4",
            "error:",
            "  ZeroDivisionError: thirteen",
            "commit:",
        ]
        assert '        "by": 13' in said.text

    async def test_of_a_message(self) -> None:
        """Its attributes and its body, as far as it is text."""
        said = await operate("show_letter", service="tally", identity="tally-2@1")

        assert said.lines[0] == "message tally-2@1 of tally-projector is buried for tally-projector"
        assert said.lines[-6:] == [
            f"  {LETTER.error}",
            "attributes:",
            "  ce-id: tally-2@1",
            "  ce-type: commerce.tally.commit.v1",
            "body:",
            "  \ufffd",
        ]

    async def test_of_nothing_is_a_mistake(self) -> None:
        """That says so."""
        with pytest.raises(OperationError, match="no dead letter of tally is called tally-9@9"):
            await operate("show_letter", service="tally", identity="tally-9@9")


@pytest.mark.usefixtures("waiting")
class TestADryRun:
    async def test_shows_the_change_of_a_read_model(self) -> None:
        """Field by field; nothing is changed."""
        before = await shown("1")

        said = await redrive(dry_run=True, identity="tally-1@2")

        assert said.lines == [
            "tally.tallies  tally-1@2",
            "  total: 3 → 25",
            "  would be released, 2 held behind it",
            "dry run, nothing was changed: 1 dead letter, 0 failed",
        ]
        assert (said.code, await shown("1"), await left()) == (0, before, ["tally-1@2", "tally-2@1"])

    async def test_shows_who_would_take_a_message(self) -> None:
        """And whether it can be read; nothing is done."""
        said = await redrive(dry_run=True, identity="tally-2@1")

        assert said.lines[1].startswith("  would go to tally.tallies: tally-2 is brought to version 1 from the log")
        assert (await shown("2"), await left()) == (None, ["tally-1@2", "tally-2@1"])

    async def test_shows_what_would_fail(self) -> None:
        """Before the fix."""
        said = await redrive(BROKEN, dry_run=True, stream="tally-1")

        assert said.lines[1] == "  would fail: ZeroDivisionError: thirteen"
        assert said.code == 1


@pytest.mark.usefixtures("waiting")
class TestARedrive:
    async def test_lets_a_stream_go_on(self) -> None:
        """To its end, and it is parked no more."""
        said = await redrive(stream="tally-1", projection="tally.tallies")

        assert said.lines[-2:] == ["  released, 2 held behind it", "re-driven: 1 dead letter, 0 failed"]
        assert (said.code, await shown("1"), await left()) == (0, (4, b'{"total":25}'), ["tally-2@1"])

    async def test_takes_a_message_again(self) -> None:
        """By the handler of the function that owns it, and it is buried no more."""
        said = await redrive(identity="tally-2@1")

        assert said.lines[1] == "  done: healed"
        assert (said.code, await shown("2"), await left()) == (0, (1, b'{"total":7}'), ["tally-1@2"])

    async def test_takes_all(self) -> None:
        """And all again is nothing."""
        assert (await redrive()).lines[-1] == "re-driven: 2 dead letters, 0 failed"
        assert (await redrive()).lines == ["re-driven: 0 dead letters, 0 failed"]

    async def test_that_fails_keeps_no_other(self) -> None:
        """What fails stays, and the exit code says so."""
        said = await redrive(BROKEN)

        assert (said.code, said.lines[-1]) == (1, "re-driven: 2 dead letters, 1 failed")
        assert (await left(), await shown("2")) == (["tally-1@2"], (1, b'{"total":7}'))

    async def test_of_another_read_model_is_a_mistake(self) -> None:
        """Nothing waits for it."""
        with pytest.raises(OperationError, match="called tally-1"):
            await redrive(stream="tally-1", projection="tally.others")

    @pytest.mark.parametrize("function", ["", "relay", "tailor"])
    async def test_of_what_nobody_takes_fails(self, function: str) -> None:
        """A pulled subscription's, and that of a function which is gone."""
        lost = replace(LETTER, function=function, message_id="lost")
        await bootstrap.dependencies().dead_letters.bury(lost)

        said = await redrive(identity="lost")

        assert (said.code, said.lines[1]) == (1, "  failed: no function of this service takes it")

    async def test_of_a_read_model_that_is_gone_fails(self) -> None:
        """Its projection went with another release."""
        said = await redrive(replace(WHOLE, projections=()), stream="tally-1")

        assert (said.code, said.lines[1]) == (1, "  failed: this service keeps no such read model")


@pytest.mark.usefixtures("waiting")
class TestDiscarding:
    async def test_throws_a_message_away(self) -> None:
        """It says which, of what type and why it was there; then nothing but what is parked waits."""
        said = await operate("discard_letter", service="tally", identity="tally-2@1")

        assert said.code == 0
        assert said.lines[0].endswith(f"tally-2@1  {LETTER.error}")
        assert "commerce.tally.commit.v1" in said.lines[1]
        assert said.lines[2:] == ["thrown away: 1 message"]
        assert (await left(), await shown("2")) == (["tally-1@2"], None)

    async def test_lets_a_redrive_of_all_come_clean(self) -> None:
        """What could never be taken is in its way no more."""
        await bootstrap.dependencies().dead_letters.bury(replace(LETTER, function="", message_id="never"))
        assert (await redrive()).code == 1

        await operate("discard_letter", service="tally", identity="never")

        assert (await redrive()).code == 0

    async def test_of_a_parked_stream_is_refused(self) -> None:
        """The log cannot lose a commit."""
        with pytest.raises(OperationError, match="part of the log and cannot be thrown away"):
            await operate("discard_letter", service="tally", identity="tally-1@2")

        assert await left() == ["tally-1@2", "tally-2@1"]

    async def test_of_nothing_is_a_mistake(self) -> None:
        """That says so."""
        with pytest.raises(OperationError, match="no dead letter of tally is called tally-9@9"):
            await operate("discard_letter", service="tally", identity="tally-9@9")


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ([], "say which: an ID, or --stream, or --all"),
        (["cart-1@2", "--all"], "say which: an ID, or --stream, or --all"),
        (["--stream", "cart-1", "--all"], "say which: an ID, or --stream, or --all"),
        (["--all", "--projection", "cart.carts"], "--projection goes with --stream"),
    ],
)
def test_a_redrive_of_nobody_knows_what_is_refused(options: list[str], said: str) -> None:
    """A wrong usage, before anything runs."""
    runner = CliRunner(env={"COLUMNS": "400", "NO_COLOR": "1"})

    result = runner.invoke(cli_dead_letters.dead_letters, ["redrive", "cart", *options])

    assert (result.exit_code, said in " ".join(result.output.split())) == (2, True)


def test_all_is_neither_an_id_nor_a_stream(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """What the operation is asked to do."""
    asked: list[object] = []
    monkeypatch.setattr(cli_dead_letters, "operate", lambda name, **given: asked.append((name, given)))
    runner = CliRunner()

    runner.invoke(cli_dead_letters.dead_letters, ["redrive", "cart", "--all", "--dry-run", "--folder", str(tmp_path)])

    arguments = {"service": "cart", "identity": "", "stream": "", "projection": "", "dry_run": True}
    assert asked == [("redrive_letters", {"folder": tmp_path, "arguments": arguments})]
