"""PyPI's bqemulator, as it is started here: `python server.py HOST REST_PORT GRPC_PORT`, with the Python of its own
environment.
"""

import sys

from bqemulator.cli import main  # type: ignore[import-not-found] # it is in the other environment
from bqemulator.storage.engine import DuckDBEngine  # type: ignore[import-not-found] # as above
from bqemulator.versioning.snapshots import SnapshotManager  # type: ignore[import-not-found] # as above

if __name__ == "__main__":
    host, rest_port, grpc_port = sys.argv[1:]
    # It would look for this extension on the network, and nobody here needs it.
    DuckDBEngine._load_format_extensions = lambda _: None  # noqa: SLF001 - there is no other way
    # It would copy the whole table at each insert, for time travel, which nobody here asks for: memory would grow with
    # the square of the rows.
    SnapshotManager.capture = lambda *_, **__: None
    rest, grpc = ("--rest-host", host, "--rest-port", rest_port), ("--grpc-host", host, "--grpc-port", grpc_port)
    main(["start", *rest, *grpc, "--ephemeral", "--log-level", "warning"])
