"""What the platform costs, measured: `python -m tests.bench`, or `make bench`. See docs/benchmarks.md."""
