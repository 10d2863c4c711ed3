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


def program(path: Path) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("")
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
