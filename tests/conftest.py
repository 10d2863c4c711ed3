"""What all tests share: one profile for properties; Google's emulators for the tests that ask for them, one of each for
the whole run, a project of its own per test.
"""

import os
import secrets
from collections.abc import Iterator

import hypothesis
import pytest

from emulators.processes.google import (
    HOW_TO_INSTALL,
    Installation,
    find_installation,
    start_firestore,
    start_pubsub,
)

pytest.register_assert_rewrite("shared.testing")
hypothesis.settings.register_profile("suite", deadline=None, print_blob=True)  # a busy machine is no failure
hypothesis.settings.load_profile("suite")

_HOSTS = ("FIRESTORE_EMULATOR_HOST", "PUBSUB_EMULATOR_HOST")
_LEFT_OUT = pytest.StashKey[int]()


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Without emulators the tests that need them are left out, and the summary says so."""
    needing = [item for item in items if item.get_closest_marker("emulators")]
    if needing and not all(os.environ.get(host) for host in _HOSTS) and find_installation() is None:
        items[:] = [item for item in items if item not in set(needing)]
        config.hook.pytest_deselected(items=needing)
        config.stash[_LEFT_OUT] = len(needing)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    if left_out := config.stash.get(_LEFT_OUT, 0):
        line = f"{left_out} tests need Google's emulators, which are not installed, and were left out: {HOW_TO_INSTALL}"
        terminalreporter.write_line(line, yellow=True)


@pytest.fixture(scope="session")
def installation() -> Installation:
    """Java and the emulators' archives."""
    found = find_installation()
    assert found is not None, HOW_TO_INSTALL
    return found


@pytest.fixture(scope="session")
def firestore_host(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """`host:port` of a Firestore emulator: the environment's, else one that lives as long as the tests do."""
    if host := os.environ.get(_HOSTS[0]):
        yield host
        return
    log_file = tmp_path_factory.mktemp("firestore") / "emulator.log"
    with start_firestore(request.getfixturevalue("installation"), log_file=log_file) as emulator:
        yield emulator.host


@pytest.fixture(scope="session")
def pubsub_host(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """`host:port` of a Pub/Sub emulator: the environment's, else one that lives as long as the tests do."""
    if host := os.environ.get(_HOSTS[1]):
        yield host
        return
    log_file = tmp_path_factory.mktemp("pubsub") / "emulator.log"
    with start_pubsub(request.getfixturevalue("installation"), log_file=log_file) as emulator:
        yield emulator.host


@pytest.fixture
def project() -> str:
    """A project that no other test has: both emulators keep projects apart."""
    return f"test-{secrets.token_hex(6)}"
