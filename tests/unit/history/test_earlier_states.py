"""`version` and `as_of` on everything that is event-sourced: exact at every commit, whosever service it is."""

from dataclasses import replace
from datetime import UTC, timedelta, timezone
from itertools import cycle
from urllib.parse import quote

import pytest

from shared.adapters.memory.event_store import MemoryEventStore
from shared.eventsourcing.event_store import OperationCounts
from shared.eventsourcing.message import entity_of
from shared.http.query_api import StateQueryApi
from shared.testing.doubles import NOON, FixedClock
from shared.topology import Maturity
from tests.replay.samples import Sample, samples
from tests.unit.history.entities import QUERIES, SERVICES, Entity, Queries, append, entity_in, shown

TICK = timedelta(microseconds=1)
PAUSES = (timedelta(0), timedelta(milliseconds=1), timedelta(hours=1))
"""Between commits. After none the log tells two of them apart by a microsecond."""
TOMBSTONES = [each for each in samples() if (found := each.content["documents"]) and not any(found.values())]
"""Streams whose documents are not there, such as that of an order that was cancelled before it came."""


@pytest.fixture(params=QUERIES)
async def entity(request: pytest.FixtureRequest) -> Entity:
    """The longest sample of each category, recorded anew at times of this test's own."""
    api, clock = QUERIES[request.param], FixedClock()
    log = MemoryEventStore(clock, OperationCounts())
    found = [sample.commits for sample in samples() if sample.file.parent.name == api.projection.category]
    longest = max((each for each in found if _can_be_asked_for(each[0].stream, api)), key=len)
    for commit, pause in zip(longest, cycle(PAUSES), strict=False):
        await append(log, commit.stream, commit.body)
        clock.now += pause
    return await entity_in(log, longest[0].stream, api)


def _can_be_asked_for(stream: str, api: Queries) -> bool:
    """An id that does not mind case is asked for in upper case; older samples have others."""
    return api.id_parameter not in api.any_case or entity_of(stream).isupper()


class TestAsOf:
    async def test_is_exact_at_every_commit(self, entity: Entity) -> None:
        """A microsecond before a commit it is not seen; at its own moment and after it, it is."""
        for commit in entity.commits:
            for moment in (commit.recorded_at - TICK, commit.recorded_at, commit.recorded_at + TICK):
                assert shown(await entity.at(moment)) == entity.expected_at(moment), moment

    @pytest.mark.parametrize("hours", [-11.5, 2, 5.75, 14])
    async def test_is_an_instant_in_any_zone(self, entity: Entity, hours: float) -> None:
        """The same instant gets the same answer, whatever zone it is written in."""
        moment = entity.commits[len(entity.commits) // 2].recorded_at
        elsewhere = moment.astimezone(timezone(timedelta(hours=hours)))
        zulu = moment.astimezone(UTC).isoformat().replace("+00:00", "Z")

        assert shown(await entity.get(f"as_of={zulu}")) == entity.expected_at(moment)
        assert shown(await entity.at(elsewhere)) == entity.expected_at(moment)

    async def test_without_a_zone_is_refused(self, entity: Entity) -> None:
        """A time that could be several instants is none."""
        reply = await entity.get("as_of=2026-03-01T12:00:00")

        assert (reply.status, reply.fields_at_fault) == (400, ["as_of"])

    @pytest.mark.parametrize("moment", ["0001-01-01T00:00:00+14:00", "1970-01-01T00:00:00Z"])
    async def test_before_the_first_commit_is_nothing(self, entity: Entity, moment: str) -> None:
        """Before it began there was no such thing."""
        assert (await entity.get(f"as_of={quote(moment)}")).status == 404

    @pytest.mark.parametrize("moment", ["2200-01-01T00:00:00Z", "9999-12-31T23:59:59.999999-12:00"])
    async def test_after_the_last_commit_is_the_newest(self, entity: Entity, moment: str) -> None:
        """From its last commit on, and in the future, it is as it is now."""
        assert shown(await entity.get(f"as_of={quote(moment)}")) == entity.expected(len(entity.commits))


class TestVersion:
    async def test_is_the_fold_of_as_many_commits(self, entity: Entity) -> None:
        """Every version can be seen again, and says which it is."""
        for version in range(1, len(entity.commits) + 1):
            reply = await entity.get(f"version={version}")

            assert shown(reply) == entity.expected(version)
            assert reply.status == 404 or reply.headers["etag"] == f'"{version}"'

    async def test_beyond_the_newest_is_not_found(self, entity: Entity) -> None:
        """A version that never was is refused by name."""
        reply = await entity.get(f"version={len(entity.commits) + 1}")

        assert (reply.status, reply.json["code"], reply.fields_at_fault) == (404, "version-not-found", ["version"])

    async def test_and_a_time_are_too_much(self, entity: Entity) -> None:
        """Two ways to say when could disagree."""
        reply = await entity.get(f"version=1&as_of={quote(NOON.isoformat())}")

        assert (reply.status, reply.fields_at_fault) == (400, ["version"])


class TestMinVersion:
    async def test_that_was_written_is_shown(self, entity: Entity) -> None:
        """Every version that a command can have answered is there at once, as the newest document or as its end."""
        newest = len(entity.commits)

        for version in range(1, newest + 1):
            assert shown(await entity.get(f"min_version={version}")) == entity.expected(newest)

    @pytest.mark.parametrize("version", [1, 9_999_999_998])
    async def test_beyond_the_newest_is_refused(self, entity: Entity, version: int) -> None:
        """By the version that there is; what is gone, or never came to be, is not found whatever is asked."""
        newest = len(entity.commits)

        reply = await entity.get(f"min_version={min(newest + version, 9_999_999_999)}")

        assert reply.status == (412 if entity.expected(newest)[0] == 200 else 404)

    @pytest.mark.parametrize("sample", TOMBSTONES, ids=lambda sample: sample.file.stem)
    @pytest.mark.parametrize("role", ["operator", "customer"])
    async def test_of_a_tombstone_is_not_found(self, sample: Sample, role: str) -> None:
        """To its owner neither: there is no document, and there never will be one for this version."""
        for api in QUERIES.values():
            if api.projection.category == sample.file.parent.name:
                log = MemoryEventStore(FixedClock(), OperationCounts())
                for commit in sample.commits:
                    await append(log, commit.stream, commit.body)
                entity = await entity_in(log, sample.commits[0].stream, api)
                reader = replace(entity.reader, token=role)
                replies = [
                    await replace(entity, reader=reader).get(f"min_version={version}")
                    for version in (1, len(entity.commits), len(entity.commits) + 1, 9_999_999_998)
                ]
                sees_any = role in api.roles()[api.entity]
                assert [reply.status for reply in replies] == [404 if sees_any else 403] * 4


class TestWhatHasAPast:
    def test_is_every_read_model(self) -> None:
        """Each projection of each service can be asked for its past."""
        assert {api.projection.name for api in QUERIES.values()} == {
            projection.name for service in SERVICES for projection in service.projections
        }

    def test_is_all_but_what_declares_to_keep_states(self) -> None:
        """Only a service that says so keeps states in place of a past, and of those there are no earlier ones."""
        keeps_states = {a.category for each in SERVICES for a in each.aggregates if a.decider.keeps_state}
        declared = [each for each in SERVICES if each.manifest.maturity is Maturity.STATE]

        assert keeps_states == {
            api.category for each in declared for api in each.query_apis if isinstance(api, StateQueryApi)
        }
        assert not keeps_states & {api.projection.category for api in QUERIES.values()}
        assert {each.manifest.maturity for each in SERVICES} == {Maturity.STATE, Maturity.EVENT_SOURCED}
