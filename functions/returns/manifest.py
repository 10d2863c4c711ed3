"""What the returns service asks of its runtime."""

from shared.topology import Permission, ReactsTo, workflow_service

NAME = "returns"
RETURN = "return"
RETURNS = "returns"
APPROVAL, RECEPTION = "approval", "reception"
"""The steps at which a return waits for the shop's people."""
DAYS = "RETURN_DAYS"
"""Within how many days of its delivery something can be returned."""

MANIFEST = workflow_service(
    NAME,
    description="Takes goods of an order back: approved, received, refunded; what is sound to the stock.",
    publishes="ReturnApproved, ReturnRefused, ReturnWithdrawn, ReturnCompleted and ReturnFailed, for everybody.",
    categories=(RETURN,),
    collection=RETURNS,
    reacts_to=(ReactsTo("payments", ("PaymentRefunded.v1", "PaymentRefundFailed.v1")),),
    starts=("confirm_refund",),
    environment=(DAYS,),
    permissions={"commands": (Permission.CALL_SERVICES,)},
)
