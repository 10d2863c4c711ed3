"""Functions in a process that is not theirs alone."""

import subprocess
import sys
from pathlib import Path

from emulators.settings import ROOT

LOADED = """
import gc, sys
from pathlib import Path
import duckdb
from emulators.edge import embedded
from emulators.settings import Options, function_environment
from functions.cart.manifest import MANIFEST
from shared import packaging
from shared.config import Runtime

environment = function_environment(Options(), Runtime.EMBEDDED, {})
embedded.load([(MANIFEST, packaging.write(MANIFEST, Path(sys.argv[1])))], environment)
print(gc.get_freeze_count())
"""


def test_what_was_there_before_the_functions_ends_as_ever(tmp_path: Path) -> None:
    """Nothing stays frozen, so nothing is left when the process ends; DuckDB's binding would report that at length."""
    done = subprocess.run(
        [sys.executable, "-c", LOADED, str(tmp_path)], cwd=ROOT, capture_output=True, text=True, timeout=60, check=True
    )

    assert (done.stdout, done.stderr) == ("0\n", "")
