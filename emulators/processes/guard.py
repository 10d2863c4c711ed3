"""Keeps a child process from outliving its parent, whatever happens to the parent, also SIGKILL.

Between the two stands a tiny process that reads a pipe from the parent: when the pipe ends, because the parent closed
it or is gone, the child's whole process group is stopped. That needs nothing but POSIX. The lower part of this file is
that process: it runs alone, on the standard library.
"""

import contextlib
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Mapping, Sequence
from pathlib import Path

GRACE = 5.0
"""Seconds between SIGTERM and SIGKILL."""

_KILL = b"k"


class Guarded:
    """A running child under guard. Its output goes to `log_file`, its input is empty; SIGINT of a terminal does not
    reach it. Raises OSError if the program cannot be started.
    """

    def __init__(self, command: Sequence[str], *, log_file: Path, env: Mapping[str, str] | None = None) -> None:
        log_file.parent.mkdir(parents=True, exist_ok=True)
        with log_file.open("ab") as log:
            self._guard = subprocess.Popen(
                [sys.executable, "-I", "-S", __file__, *command],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=log,
                env=None if env is None else dict(env),
                start_new_session=True,
            )
        self.command = tuple(command)
        self.pid = self._read_pid()

    @property
    def exit_code(self) -> int | None:
        """None while it runs; 128 + n: ended by signal n."""
        code = self._guard.poll()
        if code is not None:
            self._close()
        return code

    def stop(self) -> None:
        """SIGTERM, and SIGKILL to what is left after the grace; returns when it is gone."""
        self._close()
        self._guard.wait(GRACE * 2)

    def kill(self) -> None:
        """SIGKILL at once, as a machine that fails; returns when it is gone."""
        with contextlib.suppress(OSError):  # it may be gone already
            assert self._guard.stdin is not None  # noqa: S101 - Popen was given a pipe
            self._guard.stdin.write(_KILL)
        self.stop()

    def _read_pid(self) -> int:
        assert self._guard.stdout is not None  # noqa: S101 - Popen was given a pipe
        first_line = self._guard.stdout.readline()
        if not first_line.strip():
            self.stop()
            raise OSError(f"{self.command[0]} could not be started")
        return int(first_line)

    def _close(self) -> None:
        for pipe in (self._guard.stdin, self._guard.stdout):
            if pipe is not None:
                with contextlib.suppress(OSError):
                    pipe.close()


def main(command: Sequence[str]) -> int:
    """The guard itself: exits as the child does."""
    try:
        child = subprocess.Popen(
            command, stdin=subprocess.DEVNULL, stdout=sys.stderr, stderr=sys.stderr, start_new_session=True
        )
    except OSError as error:
        print(error, file=sys.stderr)
        return 127
    print(child.pid, flush=True)
    threading.Thread(target=_watch_parent, args=(child,), daemon=True).start()
    code = child.wait()
    _signal_group(child.pid, signal.SIGKILL)  # what the child itself left behind
    return code if code >= 0 else 128 - code


def _watch_parent(child: "subprocess.Popen[bytes]") -> None:
    if os.read(0, 1) != _KILL:
        _signal_group(child.pid, signal.SIGTERM)
        with contextlib.suppress(subprocess.TimeoutExpired):
            child.wait(GRACE)
    _signal_group(child.pid, signal.SIGKILL)


def _signal_group(leader: int, number: signal.Signals) -> None:
    with contextlib.suppress(ProcessLookupError, PermissionError):  # nobody is left in it
        os.killpg(leader, number)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
