"""The README's example, run as it stands there."""

import asyncio
import os
import re
import subprocess
import sys
from pathlib import Path

from emulators.platform import LocalPlatform
from emulators.processes.ports import free_ports
from emulators.settings import Options, RuntimeChoice

ROOT = Path(__file__).resolve().parents[2]


async def test_the_example_does_what_the_readme_says(tmp_path: Path) -> None:
    """The commands under "Try it" open a cart: 202, its place and its version."""
    (port,) = free_ports(1)
    (example,) = re.findall(r"## Try it.*?```\n(.*?)```", (ROOT / "README.md").read_text(encoding="utf-8"), re.DOTALL)
    here = str(Path(sys.executable).parent)
    script = example.replace("127.0.0.1:8080", f"127.0.0.1:{port}").replace(".venv/bin", here)
    script = script.replace("emulators token", f"emulators token --folder {tmp_path}")
    options = Options(runtime=RuntimeChoice.EMBEDDED, port=port, folder=tmp_path)

    async with LocalPlatform(options):
        done = await _bash(script)

    assert done.startswith("HTTP/1.1 202")
    assert '"version":1}' in done


async def _bash(script: str) -> str:
    process = await asyncio.create_subprocess_exec(
        "bash", "-euc", script, cwd=ROOT, env={**os.environ}, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )
    out, err = await process.communicate()
    return (out or err).decode()
