"""The local BigQuery: its own pins, and its start. Run by the Python of `.venv-bigquery`, imported by nobody."""
