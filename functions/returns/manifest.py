"""What the returns service asks of its runtime."""

from shared.topology import workflow_service

NAME = "returns"
RETURN = "return"
RETURNS = "returns"

MANIFEST = workflow_service(
    NAME,
    description="Takes goods of an order back: the money to the customer, the goods to the stock.",
    publishes="ReturnCompleted and ReturnFailed, for everybody.",
    categories=(RETURN,),
    collection=RETURNS,
)
