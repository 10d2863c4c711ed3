"""The OpenAPI documents against the whole platform, with Schemathesis: all of their schemas are covered, and fuzzed."""

import asyncio
import json
import re
import sys
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio

from emulators.contracts import FOLDER
from emulators.settings import USER_AUDIENCE
from tests.e2e.embedded_shop import Shop, opened
from tests.e2e.rig import held

pytestmark = [pytest.mark.asyncio(loop_scope="module"), pytest.mark.timeout(300)]
PROGRAM = Path(sys.executable).with_name("schemathesis")
CONFIG = Path(__file__).with_name("schemathesis.toml")
SEED, WITHIN = 1, 240
PHASES = {"operator": "coverage,fuzzing", "customer": "fuzzing", "pos": "fuzzing", "service": "fuzzing"}
"""Some 8,000 requests cover all schemas, as one who may do nearly everything; 400 fuzz them, as each of the others."""
EVERY = (
    "--max-examples=3",
    "--suppress-health-check=all",
    f"--seed={SEED}",
    "--no-shrink",
    "--continue-on-failure",
    "--no-color",
)


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def shop(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Shop]:
    async with held(opened(tmp_path_factory.mktemp("fuzzed"))) as shop:
        yield shop


def all_services() -> dict[str, Any]:
    """One document of all: a run for each would start a program for each. Components are named by their service."""
    whole: dict[str, Any] = {}
    for file in sorted((FOLDER / "openapi").glob("*.json")):
        own = f"#/components/\\1/{file.stem}-"
        document = json.loads(re.sub(r"#/components/(\w+)/", own, file.read_text()))
        for operation in (each for path in document["paths"].values() for each in path.values()):
            operation["operationId"] = f"{file.stem}-{operation['operationId']}"
        schemes = document["components"].pop("securitySchemes")
        named = {
            kind: {f"{file.stem}-{name}": each for name, each in found.items()}
            for kind, found in document["components"].items()
        }
        whole = whole or {**document, "paths": {}, "components": {kind: {} for kind in named}}
        whole["paths"] |= document["paths"]
        for kind, found in named.items():
            whole["components"][kind] |= found
        whole["components"]["securitySchemes"] = schemes
    return whole


@pytest.mark.parametrize("role", PHASES)
async def test_the_platform_keeps_its_documents(shop: Shop, tmp_path: Path, role: str) -> None:
    """Whatever the documents allow or forbid, sent by somebody of each role, is answered as they say."""
    (tmp_path / "openapi.json").write_text(json.dumps(all_services()))
    token = shop.platform.users.mint("900", roles=(role,), audience=USER_AUDIENCE)
    who = ("--header", f"Authorization: Bearer {token}", f"--phases={PHASES[role]}")
    where = (f"--config-file={CONFIG}", "run", "openapi.json", f"--url={shop.platform.origin}")

    async with asyncio.timeout(WITHIN):
        running = await asyncio.create_subprocess_exec(
            PROGRAM,
            *where,
            *EVERY,
            *who,
            cwd=tmp_path,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
        )
        told = (await running.communicate())[0].decode()

    assert running.returncode == 0, told[told.find("= FAILURES") :]
