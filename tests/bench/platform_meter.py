"""What a whole platform does between two moments: operations, requests, processor time, messages, logs, rows."""

import asyncio
import json
import math
from collections import Counter
from collections.abc import Awaitable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any, TypeAlias

import psutil

from shared.adapters.pubsub import PubSubSubscriber
from shared.topology import Schedule, Service, Subscription
from tests.bench.stored import archived_rows, stored_documents
from tests.e2e.shop_rig import Shop, until

Counts: TypeAlias = dict[str, Any]
LEAST_REQUEST = 1000
"""Bytes that Pub/Sub bills for a request, at least."""
SLOT_MS = 100
"""Cloud Run bills the time of an instance in steps of so many milliseconds."""
_QUIET = 0.4
"""Seconds without news after which nothing is on its way: a message shows up to 0.2 s after it was published."""


def watched(services: Iterable[Service]) -> list[Service]:
    """With a further subscription to each topic, which keeps all messages for us."""
    return [
        replace(
            service,
            subscriptions=(
                *service.subscriptions,
                *(Subscription(name=_watcher(topic.name), topic=topic.name) for topic in service.topics),
            ),
        )
        for service in services
    ]


def _watcher(topic: str) -> str:
    return f"{topic}-watched"


@dataclass(frozen=True, slots=True, kw_only=True)
class _Moment:
    """All counts since the start, nested by name."""

    counts: Counts
    log_ends: Mapping[str, int]


@dataclass
class PlatformMeter:
    """Of a shop with `watched` services; `messages` reads their further subscriptions."""

    shop: Shop
    messages: PubSubSubscriber
    found: dict[str, Counts] = field(default_factory=dict, init=False)

    async def phase(self, name: str, work: Awaitable[object]) -> None:
        """All that happens until `work` is done and everything that it set off is over is called `name`."""
        await self.quiet()
        before = await self._moment()
        await self._drained()
        await work
        await self.quiet()
        after = await self._moment()
        told = {"topics": await self._drained(), **self._logged(before.log_ends)}
        self.found[name] = {**less(after.counts, before.counts), **told}

    async def runs(self, schedules: Sequence[str]) -> dict[str, Counts]:
        """What a run of each schedule comes to, one after the other."""
        found: dict[str, Counts] = {}
        for schedule in schedules:
            before = await self._operations()
            began = self._log_ends()
            statuses = await self.shop.platform.scheduler.fire(partial(_is, schedule))
            assert statuses == {schedule: 200}, statuses
            totals = Counter[str]()
            for counts in less(await self._operations(), before).values():
                totals.update(counts)
            found[schedule] = {**totals, "milliseconds": self._logged(began)["milliseconds"]}
        return found

    async def runs_after(self, phase: str, schedules: Sequence[str]) -> dict[str, Counts]:
        """The same. The rows that they write into the archive are counted with the phase that left them."""
        before = await self._rows()
        found = await self.runs(schedules)
        rows: Counter[str] = Counter(self.found[phase].get("rows", {}))
        rows.update(less(await self._rows(), before))
        self.found[phase]["rows"] = dict(rows)
        return found

    async def kept(self) -> dict[str, int]:
        """Documents and their bytes by database, without index entries."""
        assert self.shop.platform.parts.emulators is not None
        return await stored_documents(self.shop.session, self.shop.platform.parts.emulators)

    async def quiet(self) -> None:
        """Until nothing is on its way any more."""
        last: list[Any] = []

        async def unchanged() -> bool:
            now = [self.shop.platform.delivery.idle(), self._delivered()]
            same = last == now and now[0]
            last[:] = now
            return bool(same)

        await until(unchanged, within=180, pause=_QUIET)

    def _delivered(self) -> int:
        return sum(stats.counters.delivered for stats in self.shop.platform.delivery.stats().values())

    async def _moment(self) -> _Moment:
        platform = self.shop.platform
        deliveries = platform.delivery.stats().items()
        return _Moment(
            counts={
                "stores": await self._operations(),
                "cpu_seconds": self._cpu(),
                "tasks": len(platform.tasks._names),
                "deliveries": {
                    name: {"delivered": stats.counters.delivered, "filtered": stats.counters.filtered}
                    for name, stats in deliveries
                },
                "rows": await self._rows(),
            },
            log_ends=self._log_ends(),
        )

    async def _rows(self) -> dict[str, int]:
        assert self.shop.platform.parts.emulators is not None
        return await asyncio.to_thread(archived_rows, self.shop.platform.parts.emulators)

    async def _operations(self) -> dict[str, dict[str, int]]:
        """By service, flat: documents and requests."""
        told = await self.shop.processes.operations()
        return {
            service: {
                **{what: counts[f"documents_{what}"] for what in ("read", "written", "deleted")},
                **counts["rpcs"],
            }
            for service, counts in told.items()
        }

    def _cpu(self) -> dict[str, float]:
        used = {plan.name: psutil.Process(self.shop.processes.pid(plan.name)) for plan in self.shop.processes.plans}
        return {name: sum(process.cpu_times()[:2]) for name, process in used.items()}

    def _log_ends(self) -> dict[str, int]:
        logs = self.shop.processes.logs
        return {plan.name: (logs / f"{plan.name}.log").stat().st_size for plan in self.shop.processes.plans}

    def _logged(self, since: Mapping[str, int]) -> Counts:
        """Requests by function, as the functions' own logs have them, and the bytes of these logs."""
        functions: dict[str, Counter[str]] = {}
        size = 0
        for name, begin in since.items():
            lines = (self.shop.processes.logs / f"{name}.log").read_bytes()[begin:].splitlines(keepends=True)
            size += sum(map(len, lines))
            for told in _requests(lines):
                slots = max(1, math.ceil(told["milliseconds"] / SLOT_MS))
                totals = functions.setdefault(told["function"], Counter())
                totals.update(requests=1, milliseconds=round(told["milliseconds"]), slots=slots)
        spent = sum(totals["milliseconds"] for totals in functions.values())
        return {"functions": functions, "log_bytes": size, "milliseconds": spent}

    async def _drained(self) -> dict[str, Counts]:
        """Messages of each topic since the last time, and the bytes that each of their deliveries is billed."""
        found: dict[str, Counts] = {}
        for topic in [topic.name for service in self.shop.platform.services for topic in service.topics]:
            totals = Counter[str]()
            async for batch in self.messages.pull(_watcher(topic)):
                sizes = [_size(each.data, each.attributes) for each in batch]
                totals.update(messages=len(batch), bytes=sum(sizes))
                totals.update(billed_bytes=sum(max(LEAST_REQUEST, size) for size in sizes))
                await self.messages.acknowledge(_watcher(topic), [each.ack_id for each in batch])
            if totals:
                found[topic] = dict(totals)
        return found


def _is(name: str, schedule: Schedule) -> bool:
    return schedule.name == name


def _requests(lines: Iterable[bytes]) -> Iterable[Mapping[str, Any]]:
    """Lines that are of a request."""
    for line in lines:
        told = json.loads(line) if line.startswith(b"{") else {}
        if "milliseconds" in told:
            yield told


def _size(data: bytes, attributes: Mapping[str, str]) -> int:
    return len(data) + sum(len(name) + len(value) for name, value in attributes.items())


def less(after: Counts, before: Counts) -> Counts:
    """What came since, at every depth; what did not change is left out."""
    found: Counts = {}
    for name, value in after.items():
        more = less(value, before.get(name, {})) if isinstance(value, dict) else value - before.get(name, 0)
        if more:
            found[name] = round(more, 3) if isinstance(more, float) else more
    return found
