"""What each kind of service gets without asking: its functions, what they may do, what calls them."""

import pytest

from shared.eventsourcing.errors import TopologyError
from shared.topology import (
    Collection,
    Function,
    IndexField,
    Maturity,
    Permission,
    Private,
    Push,
    Queue,
    ReactsTo,
    Schedule,
    Service,
    consumer,
    event_sourced,
    reaction_subscription,
    workflow_service,
)

MAILS = Collection(name="mails", description="")
ORDERS = ReactsTo("orders", ("OrderPlaced.v1", "OrderCancelled.v1"))
NIGHTLY = Schedule(name="mail-night", function="reactor", path="/night", cron="0 3 * * *", description="")
PLAIN = event_sourced("mail", description="", publishes="", collections=(MAILS,))
REACTING = event_sourced("mail", description="", publishes="", collections=(MAILS,), reacts_to=(ORDERS,))
FLOW = workflow_service("checkout", description="", publishes="", collection="checkouts")


def names(service: Service) -> list[str]:
    return [function.name for function in service.functions]


def allowed(service: Service, function: str) -> set[Permission]:
    return set(service.function(function).permissions)


class TestWithoutReadModels:
    """A service that keeps no collections."""

    service = event_sourced("vault", description="", publishes="")

    def test_has_no_projector(self) -> None:
        """It would have nothing to do."""
        assert names(self.service) == ["commands", "queries", "relay"]

    def test_has_no_subscription_to_its_own_commits_but_the_relays(self) -> None:
        """Nobody else would take them."""
        assert {each.name for each in self.service.subscriptions} == {"vault-commits-relay", "vault-events-relay"}

    def test_is_not_swept(self) -> None:
        """There is nothing to catch up."""
        assert [schedule.name for schedule in self.service.schedules] == ["vault-relay", "vault-drain"]


class TestAReactor:
    def test_is_there_if_the_service_reacts(self) -> None:
        """Pushed to by one subscription for each other service."""
        assert names(REACTING) == [*names(PLAIN), "reactor"]
        assert REACTING.function("reactor").trigger == Push(("mail-on-orders",))

    def test_is_there_if_a_schedule_calls_it(self) -> None:
        """Nobody pushes to it then, and one at a time is enough."""
        service = event_sourced("mail", description="", publishes="", schedules=(NIGHTLY,))

        reactor = service.function("reactor")
        assert (reactor.trigger, reactor.concurrency, reactor.max_instances) == (Private(), 1, 1)

    def test_is_there_if_a_queue_calls_it(self) -> None:
        """Timers are reactions to time."""
        queue = Queue(name="mail-timers", function="reactor", description="")

        assert "reactor" in names(event_sourced("mail", description="", publishes="", queues=(queue,)))

    def test_takes_many_messages_at_once(self) -> None:
        """Those of others come in parallel."""
        assert REACTING.function("reactor").concurrency > 1

    def test_is_not_there_for_nothing(self) -> None:
        """A function that nobody calls would never run."""
        assert "reactor" not in names(PLAIN)

    def test_may_be_the_services_own(self) -> None:
        """One of that name takes the usual one's place."""
        own = Function(name="reactor", trigger=Private(), permissions=(), description="", memory=1024)

        service = event_sourced("mail", description="", publishes="", functions=(own,), schedules=(NIGHTLY,))

        assert [each for each in service.functions if each.name == "reactor"] == [own]


class TestSubscriptionsToOthers:
    def test_are_named_for_both(self) -> None:
        """Whose they are, and to whom."""
        assert reaction_subscription("mail", "orders") == "mail-on-orders"

    def test_let_through_what_is_reacted_to(self) -> None:
        """By its type."""
        (subscription,) = [each for each in REACTING.subscriptions if each.name == "mail-on-orders"]

        types = [part.split('"')[1] for part in subscription.filter.split(" OR ")]
        assert subscription.topic == "orders-events"
        assert types == ["commerce.orders.OrderPlaced.v1", "commerce.orders.OrderCancelled.v1"]

    def test_without_types_let_everything_through(self) -> None:
        """Of that service."""
        assert ReactsTo("orders").subscription("mail").filter == ""

    def test_whose_filter_would_be_too_long_let_everything_through(self) -> None:
        """Pub/Sub takes 256 bytes; what nobody reacts to is acknowledged."""
        many = ReactsTo("orders", tuple(f"Order{number}WasChangedInSomeWay.v1" for number in range(4)))

        assert many.subscription("mail").filter == ""


class TestPermissions:
    def test_are_given_to_one_function(self) -> None:
        """No other may do more for it."""
        service = event_sourced(
            "mail",
            description="",
            publishes="",
            reacts_to=(ORDERS,),
            permissions={"reactor": (Permission.SEAL_PERSONAL_DATA,)},
        )

        assert allowed(service, "reactor") == allowed(REACTING, "reactor") | {Permission.SEAL_PERSONAL_DATA}
        assert allowed(service, "commands") == allowed(PLAIN, "commands")

    @pytest.mark.parametrize("function", ["reactor", "nobody"])
    def test_of_a_function_that_is_not_there_are_a_mistake(self, function: str) -> None:
        """Nobody would miss them before it is too late."""
        with pytest.raises(TopologyError, match=function):
            event_sourced("mail", description="", publishes="", permissions={function: (Permission.PUBLISH,)})

    def test_of_queries_are_to_read(self) -> None:
        """The read side cannot change anything."""
        assert allowed(PLAIN, "queries") == {Permission.READ_READ_MODELS, Permission.READ_EVENTS}

    def test_to_keep_states_are_for_who_appends(self) -> None:
        """On the level of state documents, and there only."""
        service = event_sourced(
            "mail",
            description="",
            publishes="",
            collections=(MAILS,),
            reacts_to=(ORDERS,),
            maturity=Maturity.STATE,
        )

        keepers = {name for name in names(service) if Permission.KEEP_STATE in allowed(service, name)}
        assert keepers == {"commands", "reactor"}


class TestAConsumer:
    service = consumer(
        "books", description="", reacts_to=(ORDERS, ReactsTo("cart")), permissions=(Permission.WRITE_ANALYTICS,)
    )

    def test_is_one_function(self) -> None:
        """All that others publish is pushed to it."""
        (function,) = self.service.functions
        assert (function.name, function.trigger) == ("consumer", Push(("books-on-orders", "books-on-cart")))

    def test_may_do_what_it_asks_for_and_no_more(self) -> None:
        """And keep what it cannot take, as every service. The log is none of its business."""
        assert allowed(self.service, "consumer") == {
            Permission.WRITE_ANALYTICS,
            Permission.WRITE_READ_MODELS,
            Permission.SUBSCRIBE,
        }

    def test_drains_what_pubsub_gave_up(self) -> None:
        """It has no relay to do that."""
        assert [(each.function, each.path) for each in self.service.schedules] == [("consumer", "/drain")]

    def test_keeps_nothing_of_its_own(self) -> None:
        """No streams, no topics, no read models."""
        assert (self.service.categories, self.service.topics, self.service.collections) == ((), (), ())


class TestAWorkflow:
    def test_has_an_orchestrator(self) -> None:
        """Beside the usual functions."""
        assert names(FLOW) == ["commands", "queries", "projector", "relay", "orchestrator"]

    def test_is_woken_by_what_somebody_asked_for(self) -> None:
        """Its own commits would only tell it what it knows."""
        (subscription,) = [each for each in FLOW.subscriptions if each.name == "checkout-orchestrator"]

        assert subscription.topic == "checkout-commits"
        assert [part.split('"')[1] for part in subscription.filter.split(" OR ")] == [
            "Start",
            "Decide",
            "Decline",
            "Retry",
            "ForceCompensate",
        ]

    def test_is_woken_by_timers_and_a_sweep(self) -> None:
        """Both call the orchestrator."""
        (queue,) = FLOW.queues
        (sweep,) = [each for each in FLOW.schedules if each.path == "/resume"]

        assert (queue.function, sweep.function) == ("orchestrator", "orchestrator")

    def test_alone_may_call_others(self) -> None:
        """And set timers."""
        callers = {name for name in names(FLOW) if Permission.CALL_SERVICES in allowed(FLOW, name)}

        assert callers == {"orchestrator"}
        assert Permission.SCHEDULE_TASKS in allowed(FLOW, "orchestrator")

    @pytest.mark.parametrize("filters", [{"status"}, {"customer_id"}, {"customer_id", "status"}])
    def test_is_listed_by_status_by_customer_and_by_both(self, filters: set[str]) -> None:
        """Newest first: each has its index."""
        newest = IndexField("started_at", descending=True)
        (collection,) = FLOW.collections

        served = [{field.name for field in index[:-1]} for index in collection.indexes if index[-1] == newest]
        assert filters in served

    def test_gives_its_functions_what_they_need_besides(self) -> None:
        """By name."""
        service = workflow_service(
            "checkout",
            description="",
            publishes="",
            collection="checkouts",
            permissions={"commands": (Permission.SEAL_PERSONAL_DATA,)},
        )

        sealers = {name for name in names(service) if Permission.SEAL_PERSONAL_DATA in allowed(service, name)}
        assert sealers == {"commands"}
