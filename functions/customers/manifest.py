"""What the customers service asks of its runtime."""

from shared.topology import Maturity, Permission, Schedule, event_sourced

NAME = "customers"
CUSTOMER = "customer"

MANIFEST = event_sourced(
    NAME,
    description="Profiles of customers: contact, addresses, preferences; sealed, and erased on request.",
    publishes="ContactChanged (sealed) and CustomerErased, for everybody.",
    maturity=Maturity.STATE,
    categories=(CUSTOMER,),
    permissions={
        "commands": (Permission.SEAL_PERSONAL_DATA, Permission.ERASE_PERSONAL_DATA),
        "queries": (Permission.OPEN_PERSONAL_DATA,),
        "reactor": (Permission.ERASE_PERSONAL_DATA,),
    },
    schedules=(
        Schedule(
            name="customers-erasure",
            function="reactor",
            path="/finish-erasures",
            cron="*/5 * * * *",
            description="Destroys the keys of erased customers where a request was cut off before it did.",
        ),
    ),
)
