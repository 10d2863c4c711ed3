"""What the payments service asks of its runtime."""

from shared.topology import Collection, IndexField, Permission, ReactsTo, Schedule, event_sourced

NAME = "payments"
CATEGORY = "payment"
PAYMENTS = "payments"
LEDGER = "ledger"

STRIPE_API_BASE = "STRIPE_API_BASE"
STRIPE_SECRET_KEY = "STRIPE_SECRET_KEY"  # noqa: S105 - the name of a variable
STRIPE_WEBHOOK_SECRET = "STRIPE_WEBHOOK_SECRET"  # noqa: S105 - the name of a variable

_NEWEST_FIRST = IndexField("requested_at", descending=True)

MANIFEST = event_sourced(
    NAME,
    description="Payments: authorized, captured, voided and refunded at a provider; disputes; the ledger.",
    publishes=(
        "PaymentAuthorized, PaymentDeclined, PaymentCompleted, PaymentVoided, PaymentRefunded, PaymentRefundFailed,"
        " PaymentRefundResolved, PaymentDisputed and PaymentDisputeClosed, for everybody."
    ),
    categories=(CATEGORY,),
    collections=(
        Collection(
            name=PAYMENTS,
            description="One document per payment, as the queries return it.",
            indexes=(
                (IndexField("customer_id"), _NEWEST_FIRST),
                (IndexField("customer_id"), IndexField("status"), _NEWEST_FIRST),
                (IndexField("attention"), _NEWEST_FIRST),
                (IndexField("attention"), IndexField("status"), _NEWEST_FIRST),
                (IndexField("attention"), IndexField("customer_id"), _NEWEST_FIRST),
                (IndexField("attention"), IndexField("customer_id"), IndexField("status"), _NEWEST_FIRST),
            ),
        ),
        Collection(
            name=LEDGER,
            description="One document per payment: its entries in double-entry form, which sum to zero.",
            indexes=((IndexField("currency"), IndexField("opened_at", descending=True)),),
        ),
    ),
    permissions={
        "commands": (Permission.OPEN_PERSONAL_DATA,),
        "reactor": (Permission.OPEN_PERSONAL_DATA,),
    },
    reacts_to=(ReactsTo("orders", ("OrderShipmentLost.v1",)),),
    schedules=(
        Schedule(
            name="payments-settle",
            function="reactor",
            path="/settle",
            cron="* * * * *",
            description="Finishes what was cut off between the intent and the provider's answer.",
        ),
        Schedule(
            name="payments-settle-next-day",
            function="reactor",
            path="/settle/next-day",
            cron="10 * * * *",
            description="The same, a day later: refunds that the bank took its time with, and what went wrong all day.",
        ),
        Schedule(
            name="payments-settle-at-length",
            function="reactor",
            path="/settle/at-length",
            cron="40 3 * * *",
            description="The same, for the last time.",
        ),
    ),
    environment=(STRIPE_API_BASE,),
    secrets={"commands": (STRIPE_SECRET_KEY, STRIPE_WEBHOOK_SECRET), "reactor": (STRIPE_SECRET_KEY,)},
)
