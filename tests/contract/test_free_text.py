"""What anybody can type into a command: sealed with a person's key, one of a closed list, or reviewed."""

import re
from collections.abc import Iterator, Mapping
from typing import Any, get_args

import pytest

from emulators import contracts
from emulators.settings import ROOT
from functions.customers.command_api import MailKind
from functions.notifications.events import MailKind as MailThatIsSent
from shared.eventsourcing.ids import ID
from shared.eventsourcing.personal import PREFIX

BODIES = {
    endpoint.body for service in contracts.services() for api in service.command_apis for endpoint in api.endpoints
}
CLOSED_PATTERNS = {f"^{ID}$", f"^{PREFIX}", "^[A-Z]{2}$", "^[A-Z]{3}$"}
"""Ids, what is sealed already, countries and currencies."""


def free_texts(schema: Mapping[str, Any], names: Mapping[str, Any], path: str) -> Iterator[str]:
    """`Body.field` of every text that may be anything, and of every object whose keys may."""
    if "$ref" in schema:
        name = schema["$ref"].rpartition("/")[2]
        yield from free_texts(names[name], names, name)
    if schema.get("type") == "string" and not _is_closed(schema):
        yield path
    if schema.get("additionalProperties") and not _is_closed(schema.get("propertyNames", {})):
        yield path
    for each in (*schema.get("anyOf", ()), *schema.get("oneOf", ()), *([schema["items"]] if "items" in schema else ())):
        yield from free_texts(each, names, path)
    for name, each in schema.get("properties", {}).items():
        yield from free_texts(each, names, f"{path}.{name}")


def _is_closed(schema: Mapping[str, Any]) -> bool:
    pattern_or_time = schema.get("pattern") in CLOSED_PATTERNS or schema.get("format") == "date-time"
    return pattern_or_time or not schema.keys().isdisjoint({"enum", "const"})


def found() -> set[str]:
    schemas = [(body.__name__, body.model_json_schema()) for body in BODIES]
    return {text for name, schema in schemas for text in free_texts(schema, schema.get("$defs", {}), name)}


def test_every_free_text_is_reviewed() -> None:
    """The table of the documents has each of them, with what becomes of it, and no others."""
    document = (ROOT / "docs" / "architecture.md").read_text(encoding="utf-8")
    table = document.partition("\n## Personal data\n")[2].partition("\n## ")[0]

    reviewed = {name for cell in re.findall(r"^\| (`\w+\.\w+`[^|]*) \|", table, re.MULTILINE) for name in _names(cell)}
    assert found() == reviewed


def _names(cell: str) -> list[str]:
    return re.findall(r"`([\w.]+)`", cell)


def test_customers_choose_among_the_mails_that_there_are() -> None:
    """What is called otherwise is refused: a made-up name would lie in the log for ever."""
    assert set(get_args(MailKind)) == set(get_args(MailThatIsSent))


@pytest.mark.parametrize("body", sorted({body.__name__ for body in BODIES if "reason" in body.model_fields}))
def test_a_reason_is_a_word_of_the_list(body: str) -> None:
    """But where it is about goods."""
    open_to_words = {"AdjustBody", "ReceiptBody"}

    assert (f"{body}.reason" in found()) == (body in open_to_words)
