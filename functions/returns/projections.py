"""From events to the read model of returns."""

from functions.returns.manifest import RETURN, RETURNS
from functions.returns.read_models import ReturnView
from shared.eventsourcing.workflow.projection import workflow_projection

RETURNS_PROJECTION = workflow_projection(RETURN, RETURNS, ReturnView, fields=("customer_id",), waits=True)
