"""What the cart service asks of its runtime."""

from shared.topology import (
    Collection,
    Function,
    Http,
    IndexField,
    Maturity,
    Permission,
    Private,
    Push,
    Schedule,
    Service,
    Subscription,
    Topic,
    domain_topic,
    integration_topic,
    relay_subscription,
)

NAME = "cart"
CARTS = "carts"

MANIFEST = Service(
    name=NAME,
    description="Carts of customers and tills: opened, filled, checked out, restored, expired.",
    maturity=Maturity.EVENT_SOURCED,
    functions=(
        Function(
            name="commands",
            trigger=Http(("POST", "PUT", "DELETE")),
            permissions=(Permission.APPEND_EVENTS, Permission.PUBLISH),
            description="Decides commands and appends to the log.",
        ),
        Function(
            name="queries",
            trigger=Http(("GET",)),
            permissions=(Permission.READ_READ_MODELS, Permission.READ_EVENTS),
            description="Answers from the read models; history and earlier states from the log.",
        ),
        Function(
            name="projector",
            trigger=Push("cart-projector"),
            permissions=(Permission.WRITE_READ_MODELS, Permission.READ_EVENTS),
            description="Keeps the read models at the end of the log.",
        ),
        Function(
            name="relay",
            trigger=Private(),
            permissions=(
                Permission.SETTLE_OUTBOX,
                Permission.PUBLISH,
                Permission.SUBSCRIBE,
                Permission.WRITE_READ_MODELS,
            ),
            description="Proves publication; sends again what was never seen.",
            concurrency=1,
            max_instances=1,
        ),
        Function(
            name="reactor",
            trigger=Private(),
            permissions=(Permission.APPEND_EVENTS, Permission.PUBLISH, Permission.WRITE_READ_MODELS),
            description="Expires carts that nobody touched for a month.",
            concurrency=1,
            max_instances=1,
        ),
    ),
    topics=(
        Topic(domain_topic(NAME), "One message per commit, for this service's projector."),
        Topic(integration_topic(NAME), "CartCheckedOut and CartExpired, for everybody."),
    ),
    subscriptions=(
        Subscription(name="cart-projector", topic=domain_topic(NAME)),
        Subscription(name=relay_subscription(domain_topic(NAME)), topic=domain_topic(NAME)),
        Subscription(name=relay_subscription(integration_topic(NAME)), topic=integration_topic(NAME)),
    ),
    collections=(
        Collection(
            name=CARTS,
            description="One document per cart, as the queries return it.",
            indexes=(
                (IndexField("customer_id"), IndexField("opened_at", descending=True)),
                (IndexField("customer_id"), IndexField("status"), IndexField("opened_at", descending=True)),
            ),
        ),
    ),
    schedules=(
        Schedule(name="cart-relay", function="relay", path="/", cron="* * * * *", description="Proof of publication."),
        Schedule(
            name="cart-sweep",
            function="projector",
            path="/sweep",
            cron="*/5 * * * *",
            description="Catch-up of the read models.",
        ),
        Schedule(
            name="cart-expiry",
            function="reactor",
            path="/expire",
            cron="17 * * * *",
            description="Expiry of abandoned carts.",
        ),
    ),
)
