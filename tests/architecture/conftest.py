"""All services in this process, on in-process adapters."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

import functions
from emulators.edge.issuer import Issuer
from emulators.settings import PLATFORM_AUDIENCE, SCHEDULER_IDENTITY, USER_AUDIENCE
from shared import bootstrap
from shared.topology import discover

SERVICES = discover(functions)
USERS = Issuer("https://users.test")
"""Of people and tills; a key takes a tenth of a second to make."""


@pytest.fixture
def platform(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Issuer]:
    """The environment of an embedded platform; its issuer signs for the scheduler."""
    issuer = Issuer("https://platform.test")
    (tmp_path / "jwks.json").write_text(json.dumps(issuer.jwks()))
    (tmp_path / "users.json").write_text(json.dumps(USERS.jwks()))
    environment = {
        "COMMERCE_RUNTIME": "embedded",
        "GOOGLE_CLOUD_PROJECT": "test",
        "COMMERCE_USER_ISSUER": USERS.url,
        "COMMERCE_USER_AUDIENCE": USER_AUDIENCE,
        "COMMERCE_USER_JWKS_URL": (tmp_path / "users.json").as_uri(),
        "COMMERCE_PLATFORM_ISSUER": issuer.url,
        "COMMERCE_PLATFORM_JWKS_URL": (tmp_path / "jwks.json").as_uri(),
        "COMMERCE_PLATFORM_AUDIENCE": PLATFORM_AUDIENCE,
        "COMMERCE_KEY_FILE": str(tmp_path / "key-encryption.key"),
        "COMMERCE_PLATFORM_CALLERS": SCHEDULER_IDENTITY,
    }
    declared = {name: "25" for service in SERVICES for name in (*service.environment, *service.secrets)}
    declared["COMMERCE_ARCHIVE_FILE"] = str(tmp_path / "archive.duckdb")
    for name, value in (declared | environment).items():
        monkeypatch.setenv(name, value)
    bootstrap.forget()
    bootstrap.embedded().broker.declare(SERVICES)
    yield issuer
    bootstrap.forget()
