"""The benchmark itself works; what it finds is asserted nowhere."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from emulators.settings import ROOT

pytestmark = pytest.mark.emulators


def test_a_quick_run_writes_its_findings(tmp_path: Path) -> None:
    """As JSON: on what machine, by what command, and the part that was asked for with its figures."""
    findings = tmp_path / "bench.json"
    subprocess.run(
        [sys.executable, "-m", "tests.bench", "--quick", "--only", "append", "--json", findings],
        cwd=ROOT,
        check=True,
        capture_output=True,
    )

    found = json.loads(findings.read_bytes())
    assert (found["quick"], found["machine"]["cores"] > 0) == (True, True)
    assert list(found["parts"]) == ["append"]
    assert found["parts"]["append"]["figures"]
