"""What the customers service asks of its runtime."""

from shared.topology import Maturity, Permission, Schedule, event_sourced

NAME = "customers"
CUSTOMER = "customer"
PAUSE = "ERASURE_PAUSE_SECONDS"
"""How long an erasure waits at least, and between two looks at what is under way."""

MANIFEST = event_sourced(
    NAME,
    description="Profiles of customers: contact, addresses, preferences; sealed, and erased once nothing is under way.",
    publishes="ContactChanged (sealed) and CustomerErased, for everybody.",
    maturity=Maturity.STATE,
    categories=(CUSTOMER,),
    permissions={
        "commands": (Permission.SEAL_PERSONAL_DATA,),
        "queries": (Permission.OPEN_PERSONAL_DATA,),
        "reactor": (Permission.ERASE_PERSONAL_DATA, Permission.CALL_SERVICES),
    },
    schedules=(
        Schedule(
            name="customers-erasure",
            function="reactor",
            path="/finish-erasures",
            cron="*/5 * * * *",
            description="Erases customers who asked for it, once nothing of theirs is under way.",
        ),
    ),
    environment=(PAUSE,),
)
