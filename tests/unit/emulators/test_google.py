"""The emulators are found wherever a gcloud installation is."""

from pathlib import Path

import pytest

from emulators.processes.google import Installation, find_installation

FIRESTORE = "platform/cloud-firestore-emulator/cloud-firestore-emulator.jar"
PUBSUB = "platform/pubsub-emulator/lib/cloud-pubsub-emulator-0.8.20-all.jar"


@pytest.fixture(autouse=True)
def no_usual_places(monkeypatch: pytest.MonkeyPatch) -> None:
    """What this machine has must not decide the outcome."""
    monkeypatch.setattr("emulators.processes.google._USUAL_ROOTS", ("~/google-cloud-sdk",))


def program(path: Path, script: str = """echo 'openjdk version "17.0.15" 2025-04-15' >&2""") -> Path:
    """By default a Java that works."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"#!/bin/sh\n{script}\n")
    path.chmod(0o755)
    return path


def sdk(root: Path, *jars: str) -> Path:
    for jar in jars:
        program(root / jar)
    program(root / "bin" / "gcloud")
    return root


def expected(root: Path, java: Path) -> Installation:
    return Installation(firestore_jar=root / FIRESTORE, pubsub_jar=root / PUBSUB, java=java)


def test_the_environment_names_the_installation(tmp_path: Path) -> None:
    """CLOUDSDK_ROOT_DIR comes first."""
    java = program(tmp_path / "jdk/bin/java")
    root = sdk(tmp_path / "elsewhere", FIRESTORE, PUBSUB)

    found = find_installation({"CLOUDSDK_ROOT_DIR": str(root), "JAVA_HOME": str(tmp_path / "jdk"), "PATH": ""})

    assert found == expected(root, java)


def test_gcloud_on_the_path_is_followed_through_links(tmp_path: Path) -> None:
    """A link to gcloud leads to the folder that holds the emulators."""
    java = program(tmp_path / "bin/java")
    root = sdk(tmp_path / "opt/sdk", FIRESTORE, PUBSUB)
    (tmp_path / "bin/gcloud").symlink_to(root / "bin/gcloud")

    assert find_installation({"PATH": str(tmp_path / "bin")}) == expected(root, java)


def test_the_home_folder_is_a_usual_place(tmp_path: Path) -> None:
    """Without variables and without gcloud on the path, the usual places are tried."""
    java = program(tmp_path / "bin/java")
    root = sdk(tmp_path / "home/google-cloud-sdk", FIRESTORE, PUBSUB)

    assert find_installation({"PATH": str(tmp_path / "bin"), "HOME": str(tmp_path / "home")}) == expected(root, java)


def test_an_installation_with_one_emulator_is_none(tmp_path: Path) -> None:
    """Both emulators are needed."""
    program(tmp_path / "bin/java")
    root = sdk(tmp_path / "sdk", FIRESTORE)

    assert find_installation({"CLOUDSDK_ROOT": str(root), "PATH": str(tmp_path / "bin")}) is None


def test_emulators_without_java_are_none(tmp_path: Path) -> None:
    """The emulators run on Java."""
    root = sdk(tmp_path / "sdk", FIRESTORE, PUBSUB)

    assert find_installation({"CLOUDSDK_ROOT": str(root), "PATH": ""}) is None


@pytest.mark.parametrize(
    "script",
    [
        """echo 'openjdk version "1.8.0_392"' >&2""",
        """echo 'openjdk version "10.0.2"' >&2""",
        """echo 'openjdk version "17.0.15"' >&2; exit 1""",
        "echo 'Unable to locate a Java Runtime.' >&2; exit 1",
        "exec sleep 60",
    ],
)
def test_java_must_work_and_be_new_enough(tmp_path: Path, script: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """A `java` that is too old, broken, or only says that Java is not installed, is none."""
    monkeypatch.setattr("emulators.processes.google._JAVA_TIMEOUT", 0.5)
    program(tmp_path / "bin/java", script)
    root = sdk(tmp_path / "sdk", FIRESTORE, PUBSUB)

    assert find_installation({"CLOUDSDK_ROOT": str(root), "PATH": str(tmp_path / "bin")}) is None


def test_a_java_that_works_is_looked_for_further(tmp_path: Path) -> None:
    """An old one in JAVA_HOME does not hide a good one on the path."""
    program(tmp_path / "jdk/bin/java", """echo 'java version "1.8.0_392"' >&2""")
    java = program(tmp_path / "bin/java")
    root = sdk(tmp_path / "sdk", FIRESTORE, PUBSUB)
    environ = {"CLOUDSDK_ROOT": str(root), "JAVA_HOME": str(tmp_path / "jdk"), "PATH": str(tmp_path / "bin")}

    assert find_installation(environ) == expected(root, java)
