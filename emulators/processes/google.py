"""Google's Firestore and Pub/Sub emulators: found in a gcloud installation, started, checked, stopped with us."""

import http.client
import os
import re
import shutil
import subprocess
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Self

from emulators.processes.guard import Guarded
from emulators.processes.ports import LOOPBACK, PortTakenError, free_ports, listen

HOW_TO_INSTALL = (
    "gcloud components install cloud-firestore-emulator pubsub-emulator"
    " (apt: google-cloud-cli-firestore-emulator google-cloud-cli-pubsub-emulator)"
    " and Java 11 or newer (apt: default-jre-headless)"
)

_FIRESTORE_CLASS = "com.google.cloud.datastore.emulator.firestore.CloudFirestore"
_USUAL_ROOTS = (
    "~/google-cloud-sdk",
    "/usr/lib/google-cloud-sdk",
    "/usr/lib64/google-cloud-sdk",
    "/usr/local/google-cloud-sdk",
    "/usr/share/google-cloud-sdk",
    "/opt/google-cloud-sdk",
    "/snap/google-cloud-cli/current",
    "/snap/google-cloud-sdk/current",
    "/opt/homebrew/share/google-cloud-sdk",
    "/usr/local/share/google-cloud-sdk",
    "/opt/homebrew/Caskroom/gcloud-cli/latest/google-cloud-sdk",
    "/opt/homebrew/Caskroom/google-cloud-sdk/latest/google-cloud-sdk",
)
_OLDEST_JAVA = 11
_JAVA_TIMEOUT = 10.0
_START_TIMEOUT = 60.0
_PORT_TRIES = 3
_TAIL_LINES = 15


class EmulatorError(Exception):
    """An emulator did not start; the message holds the end of its log."""


@dataclass(frozen=True, slots=True)
class Installation:
    """What is needed to start both emulators."""

    firestore_jar: Path
    pubsub_jar: Path
    java: Path


class Emulator:
    """A running emulator. Its state is in its memory: `restart` forgets everything.

    `command` gets two free ports. It is healthy when `GET {health[0]}` is answered with what begins like `health[1]`.
    """

    def __init__(
        self,
        name: str,
        command: Callable[[int, int], list[str]],
        *,
        log_file: Path,
        port: int | None,
        env: Mapping[str, str] | None = None,
        health: tuple[str, bytes] = ("/", b"Ok"),
    ) -> None:
        self.name = name
        self._command = command
        self._log_file = log_file
        self._env = env
        self._health = health
        self._second_port = 0
        self._port, self._process = self._start_somewhere() if port is None else (port, self._start(port))

    @property
    def host(self) -> str:
        """`127.0.0.1:port`."""
        return f"{LOOPBACK}:{self._port}"

    @property
    def second_host(self) -> str:
        """`127.0.0.1:port` of its second port, which another start changes."""
        return f"{LOOPBACK}:{self._second_port}"

    @property
    def pid(self) -> int:
        return self._process.pid

    @property
    def alive(self) -> bool:
        return self._process.exit_code is None

    def stop(self) -> None:
        self._process.stop()

    def kill(self) -> None:
        """SIGKILL, as a crash."""
        self._process.kill()

    def restart(self) -> None:
        """Stop, and start empty on the same port; returns when healthy."""
        self.stop()
        self._process = self._start(self._port)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def _start_somewhere(self) -> tuple[int, Guarded]:
        """A port is free when chosen, and may be gone a second later when Java gets to it: then another one."""
        for _ in range(_PORT_TRIES - 1):
            (port,) = free_ports(1)
            try:
                return port, self._start(port)
            except PortTakenError:
                continue
            except EmulatorError as error:
                if "in use" not in str(error):
                    raise
        (port,) = free_ports(1)
        return port, self._start(port)

    def _start(self, port: int) -> Guarded:
        listen(port, option="another port").close()  # its answer to a health check would pass for ours
        (self._second_port,) = free_ports(1)
        size_before = self._log_file.stat().st_size if self._log_file.exists() else 0
        process = Guarded(self._command(port, self._second_port), log_file=self._log_file, env=self._env)
        if not _wait_healthy(process, port, *self._health):
            process.stop()
            raise EmulatorError(
                f"the {self.name} emulator did not start on port {port}; end of {self._log_file}:\n"
                + _tail(self._log_file, size_before)
            )
        return process


def find_installation(environ: Mapping[str, str] | None = None) -> Installation | None:
    """The first gcloud installation that has both emulators, and a Java that works and is new enough; None if one of
    the three is missing.
    """
    env = os.environ if environ is None else environ
    for root in _roots(env):
        firestore = _newest(root / "platform" / "cloud-firestore-emulator", "*firestore*emulator*.jar")
        pubsub = _newest(root / "platform" / "pubsub-emulator" / "lib", "*pubsub*emulator*.jar")
        if firestore and pubsub:
            java = _java(env)
            if java is None:
                return None
            return Installation(firestore_jar=firestore, pubsub_jar=pubsub, java=java)
    return None


def start_firestore(installation: Installation, *, log_file: Path, port: int | None = None) -> Emulator:
    """Blocks until healthy; EmulatorError with the end of its log otherwise, PortTakenError if `port` is."""

    def command(port: int, websocket_port: int) -> list[str]:
        java = [str(installation.java), "-Xmx2g", "-Duser.language=en", "-cp", str(installation.firestore_jar)]
        ports = [f"--port={port}", f"--websocket_port={websocket_port}"]  # unset, the second binds a random port
        return [*java, _FIRESTORE_CLASS, "start", f"--host={LOOPBACK}", *ports]

    return Emulator("Firestore", command, log_file=log_file, port=port)


def start_pubsub(installation: Installation, *, log_file: Path, port: int | None = None) -> Emulator:
    """Blocks until healthy; EmulatorError with the end of its log otherwise, PortTakenError if `port` is."""

    def command(port: int, _: int) -> list[str]:
        java = [str(installation.java), "-Xmx1g", "-Duser.language=en", "-jar", str(installation.pubsub_jar)]
        return [*java, f"--host={LOOPBACK}", f"--port={port}"]

    return Emulator("Pub/Sub", command, log_file=log_file, port=port)


def _java(env: Mapping[str, str]) -> Path | None:
    """The first that works; a `java` may be there and only say that Java is not installed, or be too old."""
    home, found = env.get("JAVA_HOME"), shutil.which("java", path=env.get("PATH"))
    candidates = [Path(home) / "bin" / "java"] if home else []
    candidates += [Path(found)] if found else []
    return next((java for java in candidates if _java_version(java) >= _OLDEST_JAVA), None)


def _java_version(java: Path) -> int:
    """Its major version as it says itself, 8 of `1.8.0_392`; 0 if it does not work."""
    try:
        done = subprocess.run(
            [java, "-version"],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            timeout=_JAVA_TIMEOUT,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired):
        return 0
    said = re.search(rb'version "(?:1\.)?(\d+)', done.stdout)
    return int(said[1]) if said and done.returncode == 0 else 0


def _roots(env: Mapping[str, str]) -> Iterator[Path]:
    for name in ("CLOUDSDK_ROOT_DIR", "CLOUDSDK_ROOT"):
        if value := env.get(name):
            yield Path(value)
    if gcloud := shutil.which("gcloud", path=env.get("PATH")):
        yield from Path(gcloud).resolve().parents
    home = env.get("HOME", "")
    yield from (Path(root.replace("~", home, 1)) for root in _USUAL_ROOTS if home or not root.startswith("~"))


def _newest(folder: Path, pattern: str) -> Path | None:
    return max(folder.glob(pattern), default=None)


def _wait_healthy(process: Guarded, port: int, path: str, answer: bytes) -> bool:
    deadline = time.monotonic() + _START_TIMEOUT
    while process.exit_code is None and time.monotonic() < deadline:
        if _answers(port, path, answer):
            return process.exit_code is None
        time.sleep(0.05)
    return False


def _answers(port: int, path: str, answer: bytes) -> bool:
    connection = http.client.HTTPConnection(LOOPBACK, port, timeout=2)
    try:
        connection.request("GET", path)
        return connection.getresponse().read(len(answer)) == answer
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()


def _tail(log_file: Path, start: int) -> str:
    with log_file.open("rb") as log:
        log.seek(start)
        lines = log.read().decode(errors="replace").splitlines()
    return "\n".join(lines[-_TAIL_LINES:]) or "(it wrote nothing)"
