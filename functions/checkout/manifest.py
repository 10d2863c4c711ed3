"""What the checkout service asks of its runtime."""

from shared.topology import Permission, workflow_service

NAME = "checkout"
CHECKOUTS = "checkouts"
PREVIEWS = "/previews"

MANIFEST = workflow_service(
    NAME,
    description="Makes an order of a cart: coupons, stock, payment; all of it, or nothing.",
    publishes="CheckoutCompleted and CheckoutFailed, for everybody.",
    collection=CHECKOUTS,
    post_queries=(PREVIEWS,),
    permissions={
        "commands": (Permission.SEAL_PERSONAL_DATA, Permission.CALL_SERVICES),
        "queries": (Permission.CALL_SERVICES,),
    },
)
