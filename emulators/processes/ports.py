"""Loopback ports: free ones chosen safely, a wanted one checked with a clear error."""

import errno
import fcntl
import os
import socket
from contextlib import suppress
from itertools import islice
from pathlib import Path
from tempfile import gettempdir

LOOPBACK = "127.0.0.1"

# Below the range that systems take outgoing ports from, so that no client grabs a port that was just chosen.
_FIRST, _LAST = 20000, 32000


class PortTakenError(Exception):
    """Somebody else listens on a port that was asked for; the message names the port and the option."""


def free_ports(count: int) -> tuple[int, ...]:
    """Ports that nobody uses now, all different; OSError if there are not that many.

    A counter that all processes of this user share hands them out in turns. Two platforms that start at the same time
    get different ports, although neither has bound its own yet.
    """
    with (Path(gettempdir()) / f"commerce-ports-{os.getuid()}").open("a+") as counter:
        fcntl.flock(counter, fcntl.LOCK_EX)
        counter.seek(0)
        last = counter.read()
        start, size = int(last) if last.isdecimal() else 0, _LAST - _FIRST
        turns = (_FIRST + (start + turn) % size for turn in range(size))
        found = tuple(islice(filter(_is_free, turns), count))
        if found:
            counter.truncate(0)
            counter.write(str(found[-1] - _FIRST + 1))
    if len(found) < count:
        raise OSError(f"{count} free ports on {LOOPBACK} between {_FIRST} and {_LAST} were not found")
    return found


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


def _is_free(port: int) -> bool:
    with suppress(OSError), socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        probe.bind((LOOPBACK, port))
        return True
    return False
