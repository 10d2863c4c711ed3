"""The glossary's terms are in the code where it says."""

import re
from collections import Counter
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
GLOSSARY = (ROOT / "docs" / "glossary.md").read_text(encoding="utf-8")
SECTIONS = [re.findall(r"^\| \*\*(.+?)\*\* \|", section, re.MULTILINE) for section in GLOSSARY.split("\n## ")[1:]]
PLACES = re.findall(r"^\| \*\*(.+?)\*\* \| .+ \| `(\w+)` in \[`(.+?)`\]\(\.\./(.+?)\) \|$", GLOSSARY, re.MULTILINE)


@pytest.mark.parametrize(("term", "name", "told", "link"), PLACES, ids=[place[0] for place in PLACES])
def test_a_term_is_where_it_is_said_to_be(term: str, name: str, told: str, link: str) -> None:
    """The file exists, is the one that the link leads to, and has the name."""
    assert told == link
    assert re.search(rf"\b{name}\b", (ROOT / link).read_text(encoding="utf-8")), f"{term}: no {name} in {link}"


def test_every_term_names_its_place() -> None:
    """No row is left out of the test above by its form."""
    assert [term for term, *_ in PLACES] == [term for section in SECTIONS for term in section]


def test_a_term_is_defined_once() -> None:
    """One word, one meaning."""
    counted = Counter(term for section in SECTIONS for term in section)

    assert [term for term, times in counted.items() if times > 1] == []


@pytest.mark.parametrize("section", SECTIONS, ids=[section[0] for section in SECTIONS])
def test_terms_are_in_alphabetical_order(section: list[str]) -> None:
    """A reader who has a word finds it."""
    assert section == sorted(section)
