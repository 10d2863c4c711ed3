"""From events to the checkout's read model."""

from functions.checkout.manifest import CHECKOUTS, NAME
from functions.checkout.read_models import CheckoutView
from shared.eventsourcing.workflow.projection import workflow_projection

CHECKOUTS_PROJECTION = workflow_projection(NAME, CHECKOUTS, CheckoutView, fields=("customer_id",))
