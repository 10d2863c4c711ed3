"""The README's example, run as it stands there."""

import asyncio
import re
import sys
from pathlib import Path

from emulators.platform import LocalPlatform
from emulators.processes.ports import free_ports
from emulators.settings import Options, RuntimeChoice

ROOT = Path(__file__).resolve().parents[2]


async def test_the_example_does_what_the_readme_says(tmp_path: Path) -> None:
    """Each request under "Try it" is answered with the status that the table below it promises."""
    (port,) = free_ports(1)
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    ((example, table),) = re.findall(r"## Try it.*?```\n(.*?)```\n(.*?)\n## ", readme, re.DOTALL)
    here = str(Path(sys.executable).parent)
    script = example.replace("127.0.0.1:8080", f"127.0.0.1:{port}").replace(".venv/bin", here)
    script = script.replace("emulators token", f"emulators token --folder {tmp_path}")
    options = Options(runtime=RuntimeChoice.EMBEDDED, port=port, folder=tmp_path)

    async with LocalPlatform(options):
        done = await _bash(script)

    promised = re.findall(r"^\| `.*?` \| (\d{3}) ", table, re.MULTILINE)
    assert re.findall(r"^HTTP/1.1 (\d{3})", done, re.MULTILINE) == promised, done
    opened, added, refused, now, at_first, then, history = re.split(r"^HTTP/1.1 ", done, flags=re.MULTILINE)[1:]
    assert '"version":1}' in opened
    assert '"version":2}' in added
    assert "application/problem+json" in refused
    assert '"lines":[]' in at_first
    assert '"sku":"1095275"' in now
    assert '"sku":"1095275"' in then
    assert "customer" in history


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
