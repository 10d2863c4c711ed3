"""Which processes the functions of the services need: one a service, or one a function as in the cloud."""

import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from emulators.processes.ports import LOOPBACK, free_ports
from shared.topology import Service


@dataclass(frozen=True, slots=True)
class Plan:
    """One process to be: the functions in it, all of one service; `hosted` ones are told apart by their paths."""

    name: str
    service: str
    functions: tuple[str, ...]
    port: int
    command: tuple[str, ...]
    archive: Path
    hosted: bool

    def address(self, function: str) -> str:
        root = f"http://{LOOPBACK}:{self.port}"
        return f"{root}/{function}" if self.hosted else root

    @property
    def health(self) -> str:
        """Answers once the functions are loaded, without calling any; in a hosted process with 200."""
        return f"http://{LOOPBACK}:{self.port}" + ("/_health" if self.hosted else "/robots.txt")


def plans(services: Sequence[tuple[Service, Path]], *, per_function: bool) -> tuple[Plan, ...]:
    """One process a service, or one a function as in the cloud; each service comes with its archive's `main.py`."""
    groups = [
        (service, source, names)
        for service, source in services
        for names in _groups(service, per_function=per_function)
    ]
    ports = free_ports(len(groups))
    return tuple(
        _plan(service, source, names, port, per_function=per_function)
        for (service, source, names), port in zip(groups, ports, strict=True)
    )


def _groups(service: Service, *, per_function: bool) -> list[tuple[str, ...]]:
    names = tuple(function.name for function in service.functions)
    return [(name,) for name in names] if per_function else [names]


def _plan(service: Service, source: Path, names: tuple[str, ...], port: int, *, per_function: bool) -> Plan:
    return Plan(
        name=f"{service.name}-{names[0]}" if per_function else service.name,
        service=service.name,
        functions=names,
        port=port,
        command=_framework(source, port, names[0]) if per_function else _host(source, port, names),
        archive=source.parent,
        hosted=not per_function,
    )


def _framework(source: Path, port: int, target: str) -> tuple[str, ...]:
    """As in the cloud."""
    program = str(Path(sys.executable).parent / "functions-framework")
    where = ("--host", LOOPBACK, "--port", str(port))
    return (program, "--asgi", *where, "--source", str(source), "--target", target)


def _host(source: Path, port: int, names: tuple[str, ...]) -> tuple[str, ...]:
    program = (sys.executable, "-P", "-m", "emulators.edge.functions_host")
    return (*program, "--source", str(source), "--port", str(port), *names)
