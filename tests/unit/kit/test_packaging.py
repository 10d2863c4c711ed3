"""A service's archive: what is in it, and when its name changes."""

import ast
import re
from dataclasses import replace
from pathlib import Path

import pytest

from shared import packaging
from shared.eventsourcing.errors import TopologyError
from shared.topology import Collection, event_sourced

SHOP = event_sourced("shop", description="", publishes="", collections=(Collection(name="shops", description=""),))
LOCK = """\
functions-framework==3 \\
    --hash=sha256:01
    # via -r requirements.in
httptools==0.9 \\
    --hash=sha256:02
    # via -r requirements.in
idna==3 \\
    --hash=sha256:03
    # via
    #   requests
    #   yarl
pyjwt==2 \\
    --hash=sha256:04
    # via -r requirements.in
requests==2 \\
    --hash=sha256:05 \\
    --hash=sha256:06
    # via
    #   -r requirements.in
    #   stripe
stripe==16 \\
    --hash=sha256:07
    # via -r requirements.in
uvloop==0.23 ; sys_platform != 'win32' \\
    --hash=sha256:08
    # via -r requirements.in
"""
SERVER = """\
functions-framework==3 \\
    --hash=sha256:01
httptools==0.9 \\
    --hash=sha256:02
uvloop==0.23 ; sys_platform != 'win32' \\
    --hash=sha256:08
"""
FILES = {
    "requirements.txt": LOCK,
    "functions/__init__.py": "",
    "functions/shop/__init__.py": "",
    "functions/shop/main.py": "from shared.http import edge\nqueries = 1\n",
    "functions/shop/notes.txt": "not code",
    "functions/other/main.py": "queries = 2\n",
    "shared/__init__.py": "",
    "shared/http/__init__.py": "",
    "shared/http/edge.py": "",
    "shared/http/cursor.py": "",
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
    def test_is_the_service_what_it_imports_and_two_files(self, repository: Path) -> None:
        """The service's code, the modules of `shared` that it imports, the requirements, one generated `main.py`."""
        assert set(packaging.layout(SHOP)) == {
            "main.py",
            "requirements.txt",
            "functions/__init__.py",
            "functions/shop/__init__.py",
            "functions/shop/main.py",
            "shared/__init__.py",
            "shared/http/__init__.py",
            "shared/http/edge.py",
        }

    def test_follows_imports_to_their_end(self, repository: Path) -> None:
        """What an imported module imports is there as well, even where it is imported by a first use."""
        (repository / "shared/http/edge.py").write_text("def of():\n    from shared.http.cursor import Cursor\n")

        assert "shared/http/cursor.py" in packaging.layout(SHOP)

    def test_leaves_the_test_kit_out(self, repository: Path) -> None:
        """Even if a module imports it."""
        (repository / "shared/http/edge.py").write_text("import shared.testing.spec\n")

        assert "shared/testing/spec.py" not in packaging.layout(SHOP)

    def test_exports_the_declared_functions(self, repository: Path) -> None:
        """The generated `main.py` names the entry points that the manifest declares, and is Python."""
        main = packaging.layout(SHOP)["main.py"]

        assert isinstance(main, str)
        assert "\nfrom functions.shop.main import commands, queries, projector, relay\n" in main
        ast.parse(main)


class TestRequirements:
    def test_are_the_servers_where_nothing_is_imported(self, repository: Path) -> None:
        """Functions Framework, event loop and parser run every function; pins and hashes are the lock's."""
        assert packaging.layout(SHOP)["requirements.txt"] == SERVER

    @pytest.mark.parametrize(
        ("line", "packages"),
        [
            ("import requests", {"idna", "requests"}),
            ("from stripe import error", {"idna", "requests", "stripe"}),
            ("import jwt.types", {"pyjwt"}),
            ("def of():\n    import stripe", {"idna", "requests", "stripe"}),
        ],
    )
    def test_bring_what_is_imported_and_what_that_needs(self, repository: Path, line: str, packages: set[str]) -> None:
        """Wherever the import stands, in the service or in what it uses of `shared`."""
        (repository / "shared/http/edge.py").write_text(f"{line}\n")

        pinned = set(re.findall(r"^([\w.-]+)==", str(packaging.layout(SHOP)["requirements.txt"]), re.MULTILINE))

        assert pinned == {"functions-framework", "httptools", "uvloop", *packages}

    def test_must_be_in_the_lock(self, repository: Path) -> None:
        """An import that no package of the lock brings is an error that names it."""
        (repository / "functions/shop/main.py").write_text("import flask_login\n")

        with pytest.raises(TopologyError, match="flask_login"):
            packaging.layout(SHOP)

    @pytest.mark.parametrize(
        "line", ["httpx[http2]==1 \\", "mine @ file:///mine", "-e .", "--index-url https://index.test", "yarl>=1"]
    )
    def test_come_from_a_lock_of_pins(self, repository: Path, line: str) -> None:
        """A line that pins no package by its name alone would be taken for a part of the package before it."""
        (repository / "requirements.txt").write_text(f"{LOCK}{line}\n    --hash=sha256:09\n")

        with pytest.raises(TopologyError, match=re.escape(line)):
            packaging.layout(SHOP)


class TestDigest:
    def test_is_stable(self, repository: Path) -> None:
        """The same content has the same name."""
        assert packaging.digest(SHOP) == packaging.digest(SHOP)

    @pytest.mark.parametrize(
        ("file", "before", "after"),
        [
            ("shared/http/edge.py", "", "edited = 1\n"),
            ("functions/shop/main.py", "queries = 1\n", "queries = 2\n"),
            ("requirements.txt", "httptools==0.9 ", "httptools==0.10 "),
        ],
    )
    def test_changes_with_what_is_deployed(self, repository: Path, file: str, before: str, after: str) -> None:
        """An edit of anything in the archive gives it another name."""
        name = packaging.digest(SHOP)

        (repository / file).write_text((repository / file).read_text().replace(before, after, 1))

        assert packaging.digest(SHOP) != name

    def test_does_not_change_with_the_packages_of_others(self, repository: Path) -> None:
        """A new version of a package that the service does not need deploys nothing."""
        before = packaging.digest(SHOP)

        (repository / "requirements.txt").write_text(LOCK.replace("stripe==16", "stripe==17"))

        assert packaging.digest(SHOP) == before

    def test_changes_with_a_moved_file(self, repository: Path) -> None:
        """The same content under another path is another archive."""
        before = packaging.digest(SHOP)

        (repository / "functions/shop/main.py").rename(repository / "functions/shop/start.py")

        assert packaging.digest(SHOP) != before

    @pytest.mark.parametrize(
        "file",
        [
            "tests/unit/shop/test_decider.py",
            "shared/testing/spec.py",
            "shared/http/cursor.py",
            "emulators/cli.py",
            "functions/other/main.py",
            "functions/shop/notes.txt",
        ],
    )
    def test_does_not_change_with_anything_else(self, repository: Path, file: str) -> None:
        """Tests, local tools, other services and what only they import deploy nothing."""
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
