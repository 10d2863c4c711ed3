"""The queries of returns over HTTP."""

from functions.returns.manifest import NAME
from functions.returns.projections import RETURNS_PROJECTION
from shared.http.workflow_api import workflow_queries

RETURN_QUERIES = workflow_queries(NAME, RETURNS_PROJECTION, "/returns/{return_id}")
