"""The parts of the README that are made from the code: its table of services, and excerpts of real files."""

import ast
from collections.abc import Iterable, Sequence
from importlib import import_module
from itertools import pairwise
from pathlib import Path

import functions
from shared.bootstrap import EventSourcedService
from shared.contracts.asyncapi import integration_events
from shared.topology import Service, discover

ROOT = Path(__file__).resolve().parents[2]


def services() -> str:
    """What each service does, publishes and reacts to, as a table of Markdown."""
    rows = [_row(manifest) for manifest in discover(functions)]
    return _table(("service", "level", "what it does", "publishes", "reacts to"), rows)


def excerpt(file: str, *names: str) -> str:
    """The source of these definitions of a file, in this order; `TestCart.test_opens` is one of a class, and the first
    of them brings the line that opens the class.
    """
    text = (ROOT / file).read_text(encoding="utf-8")
    parts: list[str] = []
    opened: set[str] = set()
    for name in names:
        owner, _, member = name.rpartition(".")
        module = ast.parse(text)
        within = _class(module, owner) if owner else module
        if owner:
            parts += [] if owner in opened else [f"class {owner}:"]
            opened.add(owner)
        parts.append(_source(text, _found(within, member)))
    return _joined(parts)


def _row(manifest: Service) -> tuple[str, ...]:
    service = import_module(f"functions.{manifest.name}.main").SERVICE
    level = manifest.maturity.value.partition(":")[0].removeprefix("level ")
    if not isinstance(service, EventSourcedService):
        return (f"`{manifest.name}`", level, manifest.description, "-", "everything")
    published = [_name(event.TYPE) for event in integration_events(service)]
    heard: dict[str, list[str]] = {}
    for reaction in service.reactions:
        heard.setdefault(reaction.service, []).append(_name(reaction.type))
    news = [f"{other}: {', '.join(events)}" for other, events in heard.items()]
    return (f"`{manifest.name}`", level, manifest.description, ", ".join(published) or "-", "; ".join(news) or "-")


def _name(event_type: str) -> str:
    return event_type.partition(".")[0]


def _table(head: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> str:
    return "\n".join([f"| {' | '.join(head)} |", "|---" * len(head) + "|", *(f"| {' | '.join(row)} |" for row in rows)])


def _class(module: ast.Module, name: str) -> ast.ClassDef:
    return next(node for node in module.body if isinstance(node, ast.ClassDef) and node.name == name)


def _found(within: ast.Module | ast.ClassDef, name: str) -> ast.stmt:
    return next(node for node in within.body if name in _names(node))


def _names(node: ast.stmt) -> set[str]:
    """What a statement defines."""
    if isinstance(node, ast.FunctionDef | ast.ClassDef):
        return {node.name}
    if isinstance(node, ast.Assign):
        return {target.id for target in node.targets if isinstance(target, ast.Name)}
    return set()


def _source(text: str, node: ast.stmt) -> str:
    """Its lines as they stand, indentation included."""
    first = min([node.lineno, *(each.lineno for each in getattr(node, "decorator_list", []))])
    return "\n".join(text.splitlines()[first - 1 : node.end_lineno])


def _joined(parts: Sequence[str]) -> str:
    """As the formatter sets them apart."""
    return "".join([parts[0], *(_between(*pair) + pair[1] for pair in pairwise(parts))])


def _between(above: str, below: str) -> str:
    if above.startswith("class ") and "\n" not in above:  # the line that opens it
        return "\n"
    if below.startswith(" "):
        return "\n\n"
    return "\n\n\n" if "\n" in above + below or below.startswith("class ") else "\n"
