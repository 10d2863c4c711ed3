"""A service's archive: what is in it, and when its name changes."""

import ast
from dataclasses import replace
from pathlib import Path

import pytest

from shared import packaging
from shared.topology import Collection, event_sourced

SHOP = event_sourced("shop", description="", publishes="", collections=(Collection(name="shops", description=""),))
FILES = {
    "requirements.txt": "pydantic==2\n",
    "functions/__init__.py": "",
    "functions/shop/__init__.py": "",
    "functions/shop/main.py": "queries = 1\n",
    "functions/shop/notes.txt": "not code",
    "functions/other/main.py": "queries = 2\n",
    "shared/__init__.py": "",
    "shared/http/edge.py": "",
    "shared/testing/spec.py": "",
    "tests/unit/shop/test_decider.py": "",
    "emulators/cli.py": "",
}


@pytest.fixture
def repository(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A repository with two services."""
    root = tmp_path / "repository"
    for name, text in FILES.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(text)
    monkeypatch.setattr(packaging, "ROOT", root)
    return root


class TestLayout:
    def test_is_the_service_what_is_shared_and_two_files(self, repository: Path) -> None:
        """The service's code, `shared` without the test kit, the requirements and one generated `main.py`."""
        assert set(packaging.layout(SHOP)) == {
            "main.py",
            "requirements.txt",
            "functions/__init__.py",
            "functions/shop/__init__.py",
            "functions/shop/main.py",
            "shared/__init__.py",
            "shared/http/edge.py",
        }

    def test_exports_the_declared_functions(self, repository: Path) -> None:
        """The generated `main.py` names the entry points that the manifest declares, and is Python."""
        main = packaging.layout(SHOP)["main.py"]

        assert isinstance(main, str)
        assert "\nfrom functions.shop.main import commands, queries, projector, relay\n" in main
        ast.parse(main)


class TestDigest:
    def test_is_stable(self, repository: Path) -> None:
        """The same content has the same name."""
        assert packaging.digest(SHOP) == packaging.digest(SHOP)

    @pytest.mark.parametrize("file", ["shared/http/edge.py", "functions/shop/main.py", "requirements.txt"])
    def test_changes_with_what_is_deployed(self, repository: Path, file: str) -> None:
        """An edit of anything in the archive gives it another name."""
        before = packaging.digest(SHOP)

        (repository / file).write_text("edited = 1\n")

        assert packaging.digest(SHOP) != before

    def test_changes_with_a_moved_file(self, repository: Path) -> None:
        """The same content under another path is another archive."""
        before = packaging.digest(SHOP)

        (repository / "shared/http/edge.py").rename(repository / "shared/http/rim.py")

        assert packaging.digest(SHOP) != before

    @pytest.mark.parametrize(
        "file",
        [
            "tests/unit/shop/test_decider.py",
            "shared/testing/spec.py",
            "emulators/cli.py",
            "functions/other/main.py",
            "functions/shop/notes.txt",
        ],
    )
    def test_does_not_change_with_anything_else(self, repository: Path, file: str) -> None:
        """Tests, local tools and other services deploy nothing."""
        before = packaging.digest(SHOP)

        (repository / file).write_text("edited = 1\n")

        assert packaging.digest(SHOP) == before

    def test_changes_with_the_declared_functions(self, repository: Path) -> None:
        """Another entry point makes another `main.py`."""
        fewer = replace(SHOP, functions=SHOP.functions[:1])

        assert packaging.digest(fewer) != packaging.digest(SHOP)


class TestWriting:
    def test_lays_out_all_files_under_the_digests_name(self, repository: Path, tmp_path: Path) -> None:
        """The folder is named by service and digest and holds the layout, nothing else."""
        main = packaging.write(SHOP, tmp_path / "archives")

        folder = main.parent
        assert folder.name == f"shop-{packaging.digest(SHOP)}"
        written = {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()}
        assert written == set(packaging.layout(SHOP))

    def test_of_the_same_archive_is_done_once(self, repository: Path, tmp_path: Path) -> None:
        """What was laid out is used again, not written again."""
        first = packaging.write(SHOP, tmp_path / "archives").stat().st_mtime_ns

        assert packaging.write(SHOP, tmp_path / "archives").stat().st_mtime_ns == first

    def test_that_was_cut_off_leaves_no_half_archive(self, repository: Path, tmp_path: Path) -> None:
        """A write that failed half way is not taken for the archive; the next one completes it."""
        broken = repository / "shared/http/edge.py"
        name = f"shop-{packaging.digest(SHOP)}"
        (tmp_path / "archives" / f".{name}.part" / "functions").mkdir(parents=True)

        main = packaging.write(SHOP, tmp_path / "archives")

        assert (main.parent / "shared/http/edge.py").read_bytes() == broken.read_bytes()
