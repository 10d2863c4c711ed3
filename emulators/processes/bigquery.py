"""A local BigQuery: PyPI's `bqemulator`, in an environment of its own; started, checked, stopped with us."""

import os
from pathlib import Path

from emulators.processes.google import Emulator, EmulatorError
from emulators.processes.ports import LOOPBACK
from emulators.settings import ROOT

ENVIRONMENT = ROOT / ".venv-bigquery"
"""Made by `make install`. `home` in it holds the extension that DuckDB loads."""
_SERVER = ROOT / "emulators" / "bigquery" / "server.py"


def start_bigquery(*, log_file: Path, port: int | None = None, environment: Path = ENVIRONMENT) -> Emulator:
    """Blocks until healthy. Its `host` speaks REST, its `second_host` gRPC; it is empty after each start.

    EmulatorError with the end of its log, or if its environment was never made; PortTakenError if `port` is.
    """
    python = environment / "bin" / "python"
    if not (environment / ".installed").exists():
        raise EmulatorError(f"the local BigQuery is not installed ({environment.name} is missing): make install")

    def command(port: int, grpc_port: int) -> list[str]:
        return [str(python), "-P", str(_SERVER), LOOPBACK, str(port), str(grpc_port)]

    return Emulator(
        "BigQuery",
        command,
        log_file=log_file,
        port=port,
        env={**os.environ, "HOME": str(environment / "home"), "PYTHONPATH": ""},
        health=("/readyz", b'{"status":"ok"'),
    )
