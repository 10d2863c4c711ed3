"""The function processes: started from the archives, checked, and replaced when one dies, as the cloud replaces an
instance that crashed.
"""

import asyncio
import math
import os
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import aiohttp

from emulators.processes.guard import Guarded
from emulators.processes.plans import Plan
from emulators.processes.ports import LOOPBACK
from emulators.settings import ROOT

_START_TIMEOUT = 60.0
_WATCH = 0.05
_FIRST_PAUSE, _LONGEST_PAUSE = 0.1, 5.0
_STEADY = 10.0
"""Seconds after which a process that died is not held against its successor."""
_TAIL_LINES = 25


class ProcessError(Exception):
    """A function process did not start; the message holds the end of its log."""


@dataclass
class FunctionProcesses:
    """All of them. `say` is told when one dies and when it is back."""

    plans: Sequence[Plan]
    environment: Mapping[str, str]
    logs: Path
    session: aiohttp.ClientSession
    say: Callable[[str], None]
    restarts: dict[str, int] = field(default_factory=dict, init=False)

    def __post_init__(self) -> None:
        self._running: dict[str, Guarded] = {}
        self._addresses = {(plan.service, name): plan.address(name) for plan in self.plans for name in plan.functions}
        self.restarts = {plan.name: 0 for plan in self.plans}

    async def start(self) -> None:
        """Returns when all answer; ProcessError if one does not."""
        await asyncio.gather(*(self._start(plan) for plan in self.plans))

    async def watch(self) -> None:
        """Replace what dies, until cancelled."""
        async with asyncio.TaskGroup() as watchers:
            for plan in self.plans:
                watchers.create_task(self._keep(plan))

    async def stop(self) -> None:
        await asyncio.gather(*(asyncio.to_thread(process.stop) for process in self._running.values()))

    def address(self, service: str, function: str) -> str:
        """Where the paths of a function begin."""
        return self._addresses[service, function]

    def pid(self, name: str) -> int:
        """Of the process itself, which changes when it is replaced. Names are those of the plans."""
        return self._running[name].pid

    def status(self) -> dict[str, dict[str, int]]:
        """Pid, port and restarts of each process."""
        return {
            plan.name: {"pid": self.pid(plan.name), "port": plan.port, "restarts": self.restarts[plan.name]}
            for plan in self.plans
        }

    async def operations(self) -> dict[str, Any]:
        """What each process asked of its stores and topics so far. None of one that does not say: only hosted processes
        count, and one may be too busy to answer.
        """
        answers = await asyncio.gather(*map(self._get_operations, self.plans))
        return {plan.name: answer for plan, answer in zip(self.plans, answers, strict=True)}

    async def _get_operations(self, plan: Plan) -> Any:
        if not plan.hosted:
            return None
        url = f"http://{LOOPBACK}:{plan.port}/_operations"
        try:
            async with self.session.get(url, timeout=aiohttp.ClientTimeout(total=2)) as response:
                return await response.json() if response.ok else None
        except (aiohttp.ClientError, OSError, TimeoutError):
            return None

    async def _keep(self, plan: Plan) -> None:
        pause, started = 0.0, -math.inf
        while True:
            code = self._running[plan.name].exit_code
            if code is None:
                await asyncio.sleep(_WATCH)
                continue
            steady = time.monotonic() - started > _STEADY
            pause = 0.0 if steady else min(max(pause * 2, _FIRST_PAUSE), _LONGEST_PAUSE)
            self.say(f"{plan.name} died ({_how(code)}); starting it again" + (f" in {pause:g} s" if pause else ""))
            await asyncio.sleep(pause)
            self.restarts[plan.name] += 1
            try:
                await self._start(plan)
            except ProcessError as error:
                self.say(str(error))
            else:
                self.say(f"{plan.name} is back")
            started = time.monotonic()

    async def _start(self, plan: Plan) -> None:
        log = self.logs / f"{plan.name}.log"
        self._running[plan.name] = await asyncio.to_thread(self._launch, plan, log)
        await self.answering(plan.name)

    async def answering(self, name: str) -> None:
        """Wait until a process answers; ProcessError if it ends instead, or takes a minute."""
        plan = next(plan for plan in self.plans if plan.name == name)
        process, log = self._running[name], self.logs / f"{name}.log"
        deadline = time.monotonic() + _START_TIMEOUT
        while not await self._answers(plan):
            if process.exit_code is not None or time.monotonic() > deadline:
                await asyncio.to_thread(process.stop)
                raise ProcessError(f"{name} did not start; end of {log}:\n{_tail(log)}")
            await asyncio.sleep(_WATCH)

    def _launch(self, plan: Plan, log: Path) -> Guarded:
        # The archive comes before the repository: what runs is what would be deployed.
        path = os.pathsep.join((str(plan.archive), str(ROOT)))
        environment = {**os.environ, **self.environment, "PYTHONPATH": path, "PYTHONUNBUFFERED": "1"}
        return Guarded(plan.command, log_file=log, env=environment)

    async def _answers(self, plan: Plan) -> bool:
        try:
            async with self.session.get(plan.health, timeout=aiohttp.ClientTimeout(total=2)) as response:
                return response.status in {200, 404}
        except (aiohttp.ClientError, OSError, TimeoutError):
            return False


def _how(code: int) -> str:
    return f"signal {code - 128}" if code > 128 else f"exit code {code}"  # noqa: PLR2004 - the shell's convention


def _tail(log: Path) -> str:
    return "\n".join(log.read_text(errors="replace").splitlines()[-_TAIL_LINES:])
