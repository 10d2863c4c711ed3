"""What people are told of replays, comparisons and generations."""

from pathlib import Path

from pydantic_core import to_json

from emulators.operating import Say
from shared.adapters.files import replace_file
from shared.eventsourcing.generations import Generations
from shared.operations.comparing import Comparison, RowDifference
from shared.operations.replay import Replayed

_SHOWN = 20


def say_replayed(say: Say, replayed: Replayed) -> None:
    rate = replayed.events / replayed.seconds
    took = f"{replayed.seconds:,.1f} s: {rate:,.0f} events/s"
    say(f"{replayed.events:,} events, {replayed.documents:,} documents in {took}")
    if replayed.behind:
        say(f"{len(replayed.behind):,} streams had a gap or an event that failed: brought from the log")
    for line in replayed.failed:
        say(f"  {line}")


def say_compared(say: Say, found: Comparison, report: str | None) -> None:
    moving = f", {len(found.moving):,} kept moving" if found.moving else ""
    say(f"{found.rows:,} rows compared: {found.different:,} differ{moving}")
    for name, count in sorted(found.by_field.items(), key=lambda each: -each[1]):
        say(f"  {name}: {count:,} rows")
    for difference in found.differences[:_SHOWN]:
        for line in _difference_lines(difference):
            say(line)
    for key in found.moving[:_SHOWN]:
        say(f"  {key}: moving")
    if report is not None:
        lines = [to_json(difference) + b"\n" for difference in found.differences]
        replace_file(Path(report), b"".join(lines))
        say(f"{len(lines):,} of them written to {report}")
    elif found.different > _SHOWN:
        say(f"  and {found.different - _SHOWN:,} rows more; --report writes them to a file")


def _difference_lines(difference: RowDifference) -> list[str]:
    lines = [f"  {difference.key}: {difference.why}"] if difference.why else []
    for each in difference.fields:
        lines.append(f"  {difference.key} {each.field}: live {each.live!r}, new {each.new!r}")
        lines += [
            f"    {setter.id} {setter.type} by {setter.actor} at {setter.recorded_at.isoformat()}: "
            f"{setter.before!r} -> {setter.after!r}"
            for setter in each.set_by
        ]
    return lines


def shown(generation: str) -> str:
    return generation or "1"


def standing(name: str, known: Generations) -> str:
    if name in known.scratch:
        return "  as of a time"
    if name not in known.ready:
        return f"  being built: rebuild goes on with it, --drop {name} ends it"
    return "  live" if name == known.live else "  before" if name == known.before else ""
