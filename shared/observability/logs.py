"""One JSON line per handled request or message, with Cloud Logging's field names."""

import sys
from collections.abc import Callable
from typing import Any

from pydantic_core import to_json

Log = Callable[..., None]
OPERATIONS_LOG = "commerce-operations"
"""In the cloud, what operators did. Its entries belong to no function: their resource is the project (`global`)."""


def trace_of(traceparent: str | None) -> tuple[str, str] | None:
    """Trace id and span id of a W3C `traceparent` header."""
    parts = (traceparent or "").split("-")
    return (parts[1], parts[2]) if len(parts) == 4 else None  # noqa: PLR2004 - version-trace-span-flags


def json_log(project: str) -> Log:
    """A log that writes to standard output, where the platform collects it."""

    def log(severity: str, message: str, *, traceparent: str | None = None, **fields: Any) -> None:
        line: dict[str, Any] = {"severity": severity, "message": message}
        if trace := trace_of(traceparent):
            line["logging.googleapis.com/trace"] = f"projects/{project}/traces/{trace[0]}"
            line["logging.googleapis.com/spanId"] = trace[1]
        line.update((name, value) for name, value in fields.items() if value is not None)
        sys.stdout.write(to_json(line, fallback=str).decode() + "\n")
        sys.stdout.flush()

    return log
