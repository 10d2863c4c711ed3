"""The drawings of the documents: what they show is what the code declares, and they can be read by everybody."""

import re
import xml.etree.ElementTree as ET
from pathlib import Path

import pytest

from functions.checkout.workflow import CHECKOUT_WORKFLOW
from functions.orders.workflow import CANCELLATION_WORKFLOW
from shared.eventsourcing.workflow.declaration import Workflow

ROOT = Path(__file__).resolve().parents[2]
ARCHITECTURE = (ROOT / "docs" / "architecture.md").read_text(encoding="utf-8")
PICTURES = sorted((ROOT / "docs" / "images").iterdir())
SVG = "{http://www.w3.org/2000/svg}"


@pytest.mark.parametrize(
    ("request_line", "workflow"),
    [
        ("POST /checkout/v1/checkouts", CHECKOUT_WORKFLOW),
        ("POST /orders/v1/orders/{id}/cancel", CANCELLATION_WORKFLOW),
    ],
    ids=["checkout", "cancellation"],
)
def test_a_drawn_workflow_is_the_declared_one(request_line: str, workflow: Workflow) -> None:
    """It has the same steps in the same order, and the pivot where it is."""
    (drawing,) = re.findall(rf"^{re.escape(request_line)} .*?\n(.*?)```", ARCHITECTURE, re.DOTALL | re.MULTILINE)
    steps = re.findall(r"^ {3}(─?) +(\w+) {2,}\w+", drawing.partition("from here on")[0], re.MULTILINE)

    assert [name for _, name in steps] == [step.name for step in workflow.steps]
    assert [name for mark, name in steps if mark == "─"] == [step.name for step in workflow.steps if step.pivot]


@pytest.mark.parametrize("picture", PICTURES, ids=lambda path: path.name)
def test_a_picture_is_text_in_both_colour_schemes(picture: Path) -> None:
    """It is an SVG with a title and texts, for light and for dark pages, and loads nothing."""
    source = picture.read_text(encoding="utf-8")
    drawn = ET.fromstring(source)  # noqa: S314 - a file of this repository

    assert drawn.findtext(f"{SVG}title")
    assert list(drawn.iter(f"{SVG}text"))
    assert "prefers-color-scheme: dark" in source
    assert "href" not in source
    assert not list(drawn.iter(f"{SVG}script"))
