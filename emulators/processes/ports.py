"""Loopback ports: free ones chosen safely, a wanted one checked with a clear error."""

import errno
import secrets
import socket
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

LOOPBACK = "127.0.0.1"

# Below the range that systems take outgoing ports from, so that no client grabs a port that was just chosen.
_FIRST, _LAST = 20000, 32000
_TRIES = 200


class PortTakenError(Exception):
    """Somebody else listens on a port that was asked for; the message names the port and the option."""


def free_ports(count: int) -> tuple[int, ...]:
    """Ports that nobody uses now, all different; OSError if none can be found."""
    with ExitStack() as held:
        return tuple(held.enter_context(_held_port()) for _ in range(count))


def listen(port: int, *, option: str) -> socket.socket:
    """A socket that is bound to the port, ready for a server; PortTakenError if it is taken."""
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((LOOPBACK, port))
        listener.listen(1024)  # also tells a port that is bound but not yet listened on
    except OSError as error:
        listener.close()
        if error.errno in (errno.EADDRINUSE, errno.EACCES):
            why = (
                "is taken by another program" if error.errno == errno.EADDRINUSE else "needs more rights than you have"
            )
            raise PortTakenError(f"port {port} {why}; choose another one with {option}") from None
        raise
    return listener


@contextmanager
def _held_port() -> Iterator[int]:
    for _ in range(_TRIES):
        with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
            try:
                probe.bind((LOOPBACK, _FIRST + secrets.randbelow(_LAST - _FIRST)))
            except OSError:
                continue
            yield probe.getsockname()[1]
            return
    raise OSError(f"no free port on {LOOPBACK} between {_FIRST} and {_LAST}")
