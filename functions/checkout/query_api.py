"""The checkout's queries over HTTP."""

from functions.checkout.manifest import NAME
from functions.checkout.projections import CHECKOUTS_PROJECTION
from shared.http.auth import Role
from shared.http.workflow_api import workflow_queries

CHECKOUT_QUERIES = workflow_queries(
    NAME, CHECKOUTS_PROJECTION, "/checkouts/{checkout_id}", begun_by=frozenset({Role.POS})
)
