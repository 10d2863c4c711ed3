"""What must be true of any services, whatever went wrong, when all is quiet: one function each."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from hashlib import sha256
from typing import Any

from pydantic_core import from_json

from shared.adapters.memory.filters import compile_filter
from shared.eventsourcing.archive import EVENTS, FACTS, rows_of
from shared.eventsourcing.generations import ALIASES, Generations, place
from shared.eventsourcing.message import Commit, category_of
from shared.testing.simulation.scenario import Invariant
from shared.testing.simulation.sights import event_sourced, public_messages, sagas
from shared.testing.simulation.world import World

_DOMAIN = "-commits"


async def versions_have_no_gaps(world: World) -> Sequence[str]:
    """Of every stream."""
    return [
        f"{stream} has the versions {[each.version for each in commits]}"
        for stream, commits in (await world.log()).items()
        if [each.version for each in commits] != list(range(1, len(commits) + 1))
    ]


async def nothing_is_owed(world: World) -> Sequence[str]:
    """Every message was seen on its topic."""
    return await world.backend.owed(world.categories)


async def nothing_is_a_dead_letter(world: World) -> Sequence[str]:
    """Nothing is buried, and no stream is parked."""
    buried = [
        f"{place} of {letter.function}: {letter.error}" for place, letter in world.backend.dead_letters.buried.items()
    ]
    parked = [
        f"{each.projection} {each.stream}: {each.error}"
        for category in world.categories
        async for each in world.backend.dead_letters.list(category)
    ]
    return [*buried, *parked]


async def read_models_show_the_log(world: World) -> Sequence[str]:
    """Every document of every generation that is kept is the fold of its stream, and there are no others."""
    wrong: list[str] = []
    for service in event_sourced(world):
        for projection in service.projections:
            alias = await world.backend.rows.get(ALIASES, projection.collection)
            kept = Generations.model_validate_json(alias.body or b"{}").kept if alias else Generations().kept
            expected = _folded(projection, await world.log(), projection.category)
            for generation in kept:
                found = await world.backend.all_rows(place(projection.collection, generation))
                wrong += _differing(f"{projection.name}/{generation or 1}", expected, found)
    return wrong


def _folded(projection: Any, log: Mapping[str, Sequence[Commit]], category: str) -> dict[str, Any]:
    rows: dict[str, Any] = {}
    for stream, commits in log.items():
        if category_of(stream) == category:
            document = None
            for commit in commits:
                document = projection.apply(document, commit)
            row = projection.row(stream, document, commits[-1], None)
            rows[row.key] = row
    return rows


def _differing(name: str, expected: Mapping[str, Any], found: Mapping[str, Any]) -> Iterator[str]:
    for key in sorted(expected.keys() | found.keys()):
        want, have = expected.get(key), found.get(key)
        if want is None or have is None:
            yield f"{name} {key} is {'missing' if have is None else 'there for no stream'}"
        elif have.version != want.version:
            yield f"{name} {key} is at {have.version} of {want.version}"
        elif (have.body, have.fields) != (want.body, want.fields):
            yield f"{name} {key} differs: {have.body!r}, not {want.body!r}"


async def the_archive_has_the_log(world: World) -> Sequence[str]:
    """Every stored event, as it is in the log, and every public one; and no others."""
    tables = world.backend.tables.rows
    there = {row["id"]: row["data"] for row in tables.get(EVENTS, ())}
    log = {row.id: row.data for commits in (await world.log()).values() for row in rows_of(commits)}
    facts = {str(row["id"]) for row in tables.get(FACTS, ())}
    public = {message.id for _, message in await public_messages(world)}
    return [
        *(f"the archive lacks {identity}" for identity in sorted(log.keys() - there.keys())),
        *(
            f"the archive differs in {identity}"
            for identity in sorted(log.keys() & there.keys())
            if log[identity] != there[identity]
        ),
        *(f"the archive has {identity}" for identity in sorted(map(str, there.keys() - log.keys()))),
        *(f"the facts lack {identity}" for identity in sorted(public - facts)),
        *(f"the facts have {identity}" for identity in sorted(facts - public)),
    ]


async def keys_have_one_effect(world: World) -> Sequence[str]:
    """Every command that was acknowledged has its answer in the log, as it was told; and no key wrote twice."""
    wrong = [each for acknowledged in world.acknowledged if (each := await _unkept(world, acknowledged))]
    written = Counter(
        (stream, commit.context.command_id) for stream, commits in (await world.log()).items() for commit in commits
    )
    keyed = {key[:32]: key for key in world.backend.events.answers}
    return [
        *wrong,
        *(
            f"{stream} has {count} commits of one key {keyed[one]}"
            for (stream, one), count in written.items()
            if count > 1 and one in keyed
        ),
    ]


async def _unkept(world: World, told: Any) -> str:
    service = told.url.split("/")[1]
    scoped = sha256(f"{service}\n{told.who}\n{told.key}".encode()).hexdigest()
    answer = await world.backend.events.answered(scoped)
    what = f"{told.method} {told.url} of {told.who} under {told.key}"
    if answer is None:
        return f"{what} was acknowledged, and the log has no answer"
    first, heard = from_json(answer.body), from_json(told.body)
    if (answer.status, first.get("id"), first.get("version")) != (told.status, heard.get("id"), heard.get("version")):
        return f"{what} was told {told.status} {heard}, the log has {answer.status} {first}"
    return ""


async def workflows_are_over(world: World) -> Sequence[str]:
    """Each of them, forwards or back."""
    return [f"{stream} is {saga.status}" for _, stream, saga in await sagas(world) if not saga.is_over]


async def events_reached_everybody(world: World) -> Sequence[str]:
    """Every public event was accepted by every function that subscribes to it."""
    wrong: list[str] = []
    subscriptions = [
        (each, compile_filter(each.filter), world.delivery.taken.get(each.name, set()))
        for service in world.stage.services
        for each in service.subscriptions
        if service.pushed_to(each.name) and not each.topic.endswith(_DOMAIN)
    ]
    for topic, message in await public_messages(world):
        for subscription, matches, taken in subscriptions:
            if subscription.topic == topic and matches(message.attributes) and message.id not in taken:
                wrong.append(f"{subscription.name} never took {message.id}")
    return wrong


ALL: tuple[Invariant, ...] = (
    versions_have_no_gaps,
    workflows_are_over,
    nothing_is_owed,
    nothing_is_a_dead_letter,
    keys_have_one_effect,
    events_reached_everybody,
    read_models_show_the_log,
    the_archive_has_the_log,
)
