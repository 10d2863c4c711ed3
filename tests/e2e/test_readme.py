"""The README's example, run as it stands there; and the checkout that it draws."""

import asyncio
import re
import sys
from pathlib import Path
from shlex import quote

import aiohttp

from emulators.platform import LocalPlatform
from emulators.processes.ports import free_ports
from emulators.settings import USER_AUDIENCE, Options, RuntimeChoice
from emulators.terminal import addresses
from functions.checkout.workflow import CHECKOUT_WORKFLOW

ROOT = Path(__file__).resolve().parents[2]
README = (ROOT / "README.md").read_text(encoding="utf-8")


async def test_the_example_does_what_the_readme_says(tmp_path: Path) -> None:
    """Each request under "Try it" is answered with the status that the table below it promises."""
    (port,) = free_ports(1)
    ((example, table),) = re.findall(r"## Try it.*?```\n(.*?)```\n(.*?)\n## ", README, re.DOTALL)
    script = example.replace(".venv/bin", quote(str(Path(sys.executable).parent)))
    script = re.sub(r"commerce (token|status)", rf"commerce \1 --folder {quote(str(tmp_path))}", script)
    options = Options(runtime=RuntimeChoice.EMBEDDED, port=port, folder=tmp_path)

    async with LocalPlatform(options):
        done = await _bash(script)

    promised = re.findall(r"^\| `.*?` \| (\d{3}) ", table, re.MULTILINE)
    assert re.findall(r"^HTTP/1.1 (\d{3})", done, re.MULTILINE) == promised, done
    answers = re.split(r"^HTTP/1.1 ", done, flags=re.MULTILINE)[1:]
    _, opened, added, refused, now, at_first, then, history, _, _, preview, _, checkout, order = answers
    assert '"version":1}' in opened
    assert '"version":2}' in added
    assert "application/problem+json" in refused
    assert '"lines":[]' in at_first
    assert '"sku":"a-bottle"' in now
    assert '"sku":"a-bottle"' in then
    assert "customer" in history
    assert '"cart_version":2' in preview
    assert '"total":{"amount":199,"currency":"USD"}' in preview
    assert '"status":"completed"' in checkout
    assert '"status":"placed"' in order
    assert "Mill Lane" not in checkout + order


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


def test_the_drawn_checkout_is_the_declared_one() -> None:
    """It has the same steps in the same order, and the pivot where it is."""
    (drawing,) = re.findall(r"## One checkout's way.*?```\n(.*?)\n\n   from here on", README, re.DOTALL)
    steps = re.findall(r"^ {3}(─?) +(\w+) {2,}\w+", drawing, re.MULTILINE)

    assert [name for _, name in steps] == [step.name for step in CHECKOUT_WORKFLOW.steps]
    assert [name for mark, name in steps if mark == "─"] == [
        step.name for step in CHECKOUT_WORKFLOW.steps if step.pivot
    ]


async def _bash(script: str) -> str:
    """Its output; both streams, if it fails."""
    process = await asyncio.create_subprocess_exec(
        "bash",
        "-euo",
        "pipefail",
        "-c",
        script,
        cwd=ROOT,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    out, err = await process.communicate()
    assert process.returncode == 0, (out + err).decode()
    return out.decode()
