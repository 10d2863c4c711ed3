"""What the documents say is so."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
DOCUMENTS = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")])


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.name)
def test_generated_parts_are_fresh(document: Path) -> None:
    """A table that is made from the manifests says what the manifests say."""
    command = [sys.executable, "-m", "cogapp", "--check", str(document)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)

    assert done.returncode == 0, f"run: python -m cogapp -r {document.name}\n{done.stdout}{done.stderr}"


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.name)
def test_links_lead_somewhere(document: Path) -> None:
    """A link to a file of this repository names one that exists."""
    targets = re.findall(r"\]\((?!https?://|#)([^)#]+)", _prose(document))

    assert [target for target in targets if not (document.parent / target).exists()] == []


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.name)
def test_links_to_a_heading_name_one(document: Path) -> None:
    """What stands behind the `#` is a heading of the document that the link leads to."""
    targets = re.findall(r"\]\((?!https?://)([^)#]*\.md|)#([^)]+)\)", _prose(document))

    missing = [f"{file}#{heading}" for file, heading in targets if heading not in _headings(document, file)]
    assert missing == []


def _headings(document: Path, file: str) -> list[str]:
    """Of a document that another one names, as the links to them are written."""
    named = re.findall(r"^#+ (.+)$", _prose(document.parent / file if file else document), re.MULTILINE)
    return [re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in named]


def _prose(document: Path) -> str:
    """Without blocks of code."""
    return re.sub(r"^ *```.*?^ *```", "", document.read_text(encoding="utf-8"), flags=re.DOTALL | re.MULTILINE)


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.name)
def test_named_paths_exist(document: Path) -> None:
    """A path in backticks below one of our folders names a file or a folder."""
    named = re.findall(r"`((?:shared|functions|emulators|tests|schemas|docs|infra)/[\w./]+)`", document.read_text())

    assert [path for path in named if not (ROOT / path).exists()] == []


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.name)
def test_named_targets_exist(document: Path) -> None:
    """A `make` command that a document names is one."""
    targets = set(re.findall(r"^([a-z0-9]+):", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE))
    named = re.findall(r"(?:`|^)make ([a-z0-9]+)", document.read_text(encoding="utf-8"), re.MULTILINE)

    assert set(named) <= targets


def test_no_placeholder_is_left() -> None:
    """Every figure in the README was measured: nothing stands for one that was not."""
    assert re.findall(r"\b[A-Z]+_TABLE\b|TODO|TBD", (ROOT / "README.md").read_text(encoding="utf-8")) == []
