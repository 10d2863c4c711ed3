"""How much a platform keeps: documents by Firestore's own rules for sizes, rows of the archive as they were sent."""

import json
from base64 import b64decode
from collections.abc import Mapping
from typing import Any

import aiohttp
from google.api_core.client_options import ClientOptions
from google.auth.credentials import AnonymousCredentials
from google.cloud import bigquery

from emulators.runtimes import Emulators
from emulators.settings import PROJECT
from shared.eventsourcing.archive import DATASET
from shared.topology import EVENTS_DATABASE, KEY_VAULT_DATABASE, READ_MODELS_DATABASE

_DATABASES = (EVENTS_DATABASE, READ_MODELS_DATABASE, KEY_VAULT_DATABASE)
_TABLES = ("events", "facts")
_EVERYTHING = {"structuredQuery": {"from": [{"allDescendants": True}]}}
_FIXED = {
    "nullValue": 1,
    "booleanValue": 1,
    "integerValue": 8,
    "doubleValue": 8,
    "timestampValue": 8,
    "geoPointValue": 16,
}
_ROW_OVERHEAD = 32
"""Bytes of a document besides its name and its fields."""
_LEAST_ROW = 1024
"""Bytes that are billed for a row that is inserted, at least."""


async def stored_documents(session: aiohttp.ClientSession, emulators: Emulators) -> dict[str, int]:
    """Documents, and their bytes without index entries, by database: `events`, `events bytes` and so on."""
    found: dict[str, int] = {}
    for database in _DATABASES:
        parent = f"projects/{PROJECT}/databases/{database}/documents"
        url = f"http://{emulators.firestore.host}/v1/{parent}:runQuery"
        async with session.post(url, json=_EVERYTHING, headers={"Authorization": "Bearer owner"}) as response:
            answers = json.loads(await response.read())
        documents = [answer["document"] for answer in answers if "document" in answer]
        found[database] = len(documents)
        found[f"{database} bytes"] = sum(map(document_bytes, documents))
    return found


def archived_rows(emulators: Emulators) -> dict[str, int]:
    """Rows, and the bytes that were billed for their insertion, by table."""
    assert emulators.bigquery is not None
    anonymous = AnonymousCredentials()  # type: ignore[no-untyped-call] # it has no types
    options = ClientOptions(api_endpoint=f"http://{emulators.bigquery.host}")
    found: dict[str, int] = {}
    with bigquery.Client(PROJECT, credentials=anonymous, client_options=options) as client:
        for table in _TABLES:
            statement = f"SELECT * FROM {DATASET}.{table}"  # noqa: S608 - of constants
            rows = list(client.query(statement).result())
            found[table] = len(rows)
            sizes = [len(json.dumps(dict(row), default=str)) for row in rows]
            found[f"{table} bytes"] = sum(sizes)
            found[f"{table} billed bytes"] = sum(max(size, _LEAST_ROW) for size in sizes)
    return found


def document_bytes(document: Mapping[str, Any]) -> int:
    """Of a document as REST has it, by https://firebase.google.com/docs/firestore/storage-size."""
    path = document["name"].partition("/documents/")[2].split("/")
    name = sum(len(part.encode()) + 1 for part in path) + 16
    return name + _fields(document.get("fields", {})) + _ROW_OVERHEAD


def _fields(fields: Mapping[str, Any]) -> int:
    return sum(len(name.encode()) + 1 + _value(value) for name, value in fields.items())


def _value(value: Mapping[str, Any]) -> int:
    """As REST has it: bytes are in base 64 there."""
    (kind, content), *_ = value.items()
    match kind:
        case "stringValue":
            return len(str(content).encode()) + 1
        case "bytesValue":
            return len(b64decode(content))
        case "mapValue":
            return _fields(content.get("fields", {})) + _ROW_OVERHEAD
        case "arrayValue":
            return sum(map(_value, content.get("values", [])))
        case _:
            return _FIXED[kind]
