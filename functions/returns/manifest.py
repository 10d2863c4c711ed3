"""What the returns service asks of its runtime."""

from shared.topology import Permission, Schedule, workflow_service

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
    environment=(DAYS,),
    starts=("start_return",),
    schedules=(
        Schedule(
            name="returns-expiry",
            function="reactor",
            path="/expire",
            cron="27 * * * *",
            description="Refusal of returns whose goods never came.",
        ),
    ),
    permissions={"commands": (Permission.CALL_SERVICES,)},
)
