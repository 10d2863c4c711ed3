"""What the checkout service asks of its runtime."""

from shared.topology import Permission, workflow_service

NAME = "checkout"
CHECKOUTS = "checkouts"

MANIFEST = workflow_service(
    NAME,
    description="Makes an order of a cart: coupons, stock, payment; all of it, or nothing.",
    publishes="CheckoutCompleted and CheckoutFailed, for everybody.",
    collection=CHECKOUTS,
    permissions={"commands": (Permission.SEAL_PERSONAL_DATA,)},
)
