"""What the notifications service asks of its runtime."""

from shared.topology import Collection, IndexField, Permission, ReactsTo, Schedule, event_sourced

NAME = "notifications"
MAIL = "mail"
CONTACT = "contact"
MAILS = "mails"

SMTP_HOST = "SMTP_HOST"
SMTP_PORT = "SMTP_PORT"
MAIL_FROM = "MAIL_FROM"
SMTP_USER = "SMTP_USER"
SMTP_PASSWORD = "SMTP_PASSWORD"  # noqa: S105 - the name of the variable, not what is in it

_NEWEST_FIRST = IndexField("requested_at", descending=True)

MANIFEST = event_sourced(
    NAME,
    description="Mails to customers about their orders: one for each fact, sent when it can be.",
    publishes="Nothing: a mail is nobody else's business.",
    categories=(MAIL, CONTACT),
    collections=(
        Collection(
            name=MAILS,
            description="One document per mail, as the queries return it; no personal data.",
            indexes=(
                (_NEWEST_FIRST,),
                (IndexField("customer_id"), _NEWEST_FIRST),
                (IndexField("status"), _NEWEST_FIRST),
                (IndexField("customer_id"), IndexField("status"), _NEWEST_FIRST),
            ),
        ),
    ),
    permissions={
        "commands": (Permission.OPEN_PERSONAL_DATA,),
        "reactor": (Permission.OPEN_PERSONAL_DATA,),
    },
    reacts_to=(
        ReactsTo("orders", ("OrderPlaced.v1", "OrderCancelled.v1", "OrderLinesCancelled.v1", "OrderShipmentLost.v1")),
        ReactsTo("fulfillment", ("ShipmentDispatched.v1",)),
        ReactsTo("payments", ("PaymentRefunded.v1", "PaymentRefundFailed.v1")),
        ReactsTo("returns", ("ReturnApproved.v1", "ReturnRefused.v1", "ReturnFailed.v1")),
        ReactsTo("customers", ("ContactChanged.v1", "CustomerErased.v1")),
    ),
    schedules=(
        Schedule(
            name="notifications-retry-soon",
            function="reactor",
            path="/retry/soon",
            cron="* * * * *",
            description="Mails that wait, or whose sending was cut off, after the first pause.",
        ),
        Schedule(
            name="notifications-retry-later",
            function="reactor",
            path="/retry/later",
            cron="*/5 * * * *",
            description="The same, after the second pause.",
        ),
        Schedule(
            name="notifications-retry-at-length",
            function="reactor",
            path="/retry/at-length",
            cron="*/30 * * * *",
            description="The same, after every longer pause.",
        ),
    ),
    environment=(SMTP_HOST, SMTP_PORT, MAIL_FROM),
    secrets={"commands": (SMTP_USER, SMTP_PASSWORD), "reactor": (SMTP_USER, SMTP_PASSWORD)},
)
