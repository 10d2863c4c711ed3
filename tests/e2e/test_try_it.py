"""What the documents let a reader try: the script that buys a bottle, and the addresses that the platform prints."""

import asyncio
import os
import re
import sys
from pathlib import Path

import aiohttp

import functions
from emulators.platform import LocalPlatform
from emulators.processes.ports import free_ports
from emulators.settings import USER_AUDIENCE, Options, RuntimeChoice
from emulators.terminal import addresses
from shared.topology import discover

ROOT = Path(__file__).resolve().parents[2]
SCRIPT = ROOT / "docs" / "examples" / "try_it.sh"


async def test_the_script_does_what_it_says(tmp_path: Path) -> None:
    """Each request of `docs/examples/try_it.sh` has the status and the answer that the line above it promises."""
    (port,) = free_ports(1)
    options = Options(runtime=RuntimeChoice.EMBEDDED, port=port, folder=tmp_path)

    async with LocalPlatform(options):
        status, said, wrong = await _try_it(tmp_path)
        status_again, _, wrong_again = await _try_it(tmp_path)

    assert (status, wrong) == (0, ""), said
    assert (status_again, wrong_again) == (0, ""), "another run is another purchase"
    steps = said.split("\n# ")[1:]
    listed, stocked, priced, opened, opened_again, added, refused, *looks = steps
    now, at_first, then, history, preview, bought, bought_again, checkout, order = looks
    assert [_status(step) for step in (listed, stocked, priced, added)] == [202] * 4
    assert '"version":1}' in opened
    assert _location(opened) == _location(opened_again)
    assert '"version":2}' in added
    assert _status(refused) == 412
    assert '"lines":[]' in at_first
    assert '"sku":"a-bottle"' in now
    assert '"sku":"a-bottle"' in then
    assert "customer" in history
    assert '"cart_version":2' in preview
    assert '"total":{"amount":199,"currency":"USD"}' in preview
    assert _location(bought) == _location(bought_again)
    assert '"status":"completed"' in checkout
    assert '"status":"placed"' in order
    assert "Mill Lane" not in checkout + order


async def test_the_script_ends_with_an_error_where_an_answer_is_another(tmp_path: Path) -> None:
    """A platform without a catalog answers the first request with 404: the script says so and sends no other."""
    (port,) = free_ports(1)
    options = Options(runtime=RuntimeChoice.EMBEDDED, port=port, folder=tmp_path)
    cart = tuple(service for service in discover(functions) if service.name == "cart")

    async with LocalPlatform(options, services=cart):
        status, said, wrong = await _try_it(tmp_path)

    assert (status, said.count("\n# ")) == (1, 1)
    assert "should be 202" in wrong


async def test_what_the_platform_announces_can_be_opened(tmp_path: Path) -> None:
    """Every address that is printed answers an operator: with what there is, or with the filter that it asks for."""
    (port,) = free_ports(1)
    options = Options(runtime=RuntimeChoice.EMBEDDED, port=port, folder=tmp_path)

    async with LocalPlatform(options) as platform, aiohttp.ClientSession() as session:
        token = platform.users.mint("me", roles=("operator",), audience=USER_AUDIENCE)
        opened = {}
        for url in addresses(platform).values():
            async with session.get(url, headers={"Authorization": f"Bearer {token}"}) as answer:
                opened[url] = answer.status

    assert set(opened.values()) <= {200, 400}, opened
    assert opened[f"{options.origin}/_local/status"] == 200
    assert len(opened) > len(platform.services) / 2


def _status(step: str) -> int:
    (status,) = re.findall(r"^HTTP/1.1 (\d{3})", step, re.MULTILINE)
    return int(status)


def _location(step: str) -> str:
    (path,) = re.findall(r"^location: (\S+)", step, re.MULTILINE | re.IGNORECASE)
    return str(path)


async def _try_it(folder: Path) -> tuple[int | None, str, str]:
    """The script's exit code, what it printed, and what it printed as errors."""
    process = await asyncio.create_subprocess_exec(
        SCRIPT,
        "--folder",
        folder,
        env={**os.environ, "COMMERCE": str(Path(sys.executable).with_name("commerce"))},
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    out, err = await process.communicate()
    return process.returncode, out.decode(), err.decode()
