"""Puts DuckDB's spatial extension where bqemulator looks for it: below `$HOME`, from its package, without a network."""

from pathlib import Path

import duckdb
import duckdb_extension_spatial  # type: ignore[import-not-found] # it is in the other environment

if __name__ == "__main__":
    (extension,) = Path(duckdb_extension_spatial.__file__).parent.rglob("spatial.duckdb_extension")
    duckdb.connect().execute(f"FORCE INSTALL '{extension}'")
