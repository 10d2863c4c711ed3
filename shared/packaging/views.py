"""The queries of views, which lie as files in the folder of their service."""

from shared.packaging import ROOT
from shared.topology import Service, View


def query_of(service: Service, view: View) -> str:
    """In BigQuery's dialect, for the dataset as it is declared."""
    return (ROOT / "functions" / service.name / view.sql).read_text(encoding="utf-8")
