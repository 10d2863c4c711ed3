"""What the checkout service asks of its runtime."""

from shared.topology import Permission, workflow_service

NAME = "checkout"
CHECKOUTS = "checkouts"
PREVIEWS = "/previews"
ATTEMPTS = "attempts"
LIMIT, PAUSE = "CHECKOUT_BAD_ATTEMPTS", "CHECKOUT_PAUSE_SECONDS"
"""After how many declined cards or unknown coupons in a row a customer waits, and for how long."""

MANIFEST = workflow_service(
    NAME,
    description="Makes an order of a cart: coupons, stock, payment; all of it, or nothing.",
    publishes="CheckoutCompleted and CheckoutFailed, for everybody.",
    categories=(NAME, ATTEMPTS),
    collection=CHECKOUTS,
    post_queries=(PREVIEWS,),
    environment=(LIMIT, PAUSE),
    permissions={
        "commands": (Permission.SEAL_PERSONAL_DATA, Permission.CALL_SERVICES),
        "queries": (Permission.CALL_SERVICES,),
    },
)
