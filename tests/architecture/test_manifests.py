"""The manifests: complete, and consistent with each other and with the code beside them."""

import ast
import re
from collections.abc import Sequence
from dataclasses import replace
from importlib import import_module
from inspect import iscoroutinefunction
from itertools import combinations
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

import functions
from emulators.contracts import Composed
from shared.contracts.asyncapi import integration_events
from shared.eventsourcing.codec import split_type
from shared.eventsourcing.projection import Projection
from shared.http.json_schema import json_schema
from shared.http.query_api import QueryApi
from shared.topology import (
    Collection,
    Http,
    IndexField,
    Maturity,
    Private,
    Push,
    Service,
    Subscription,
    discover,
    event_sourced,
    relay_subscription,
)
from tests.contract.schema_values import smallest

SERVICES = discover(functions)
EVENT_SOURCED = [service for service in SERVICES if service.maturity is Maturity.EVENT_SOURCED]
every_service = pytest.mark.parametrize("service", SERVICES, ids=lambda service: service.name)
every_event_sourced = pytest.mark.parametrize("service", EVENT_SOURCED, ids=lambda service: service.name)


def main_of(service: Service) -> ModuleType:
    return import_module(f"functions.{service.name}.main")


def composed(service: Service) -> Composed:
    found: Composed = main_of(service).SERVICE
    return found


def assigned(main: ModuleType) -> list[str]:
    """The names that a module assigns, in their order."""
    tree = ast.parse(Path(str(main.__file__)).read_text(encoding="utf-8"))
    targets = [target for node in tree.body if isinstance(node, ast.Assign) for target in node.targets]
    return [name.id for target in targets for name in ast.walk(target) if isinstance(name, ast.Name)]


def strangers(services: Sequence[Service]) -> list[str]:
    """Subscriptions to topics that nobody declares, or that are another service's own business."""
    public = {service.integration_topic for service in services}
    declared = {topic.name for service in services for topic in service.topics}
    return [
        subscription.name
        for service in services
        for subscription in service.subscriptions
        if subscription.topic not in declared & (public | {topic.name for topic in service.topics})
    ]


def too_slow(service: Service) -> list[str]:
    """Pushed functions that may run longer than their message waits for the acknowledgement."""
    return [
        function.name
        for subscription in service.subscriptions
        if (function := service.pushed_to(subscription.name)) and function.timeout >= subscription.ack_deadline
    ]


def test_there_are_services() -> None:
    """None of the tests here ran on nothing."""
    assert EVENT_SOURCED


@every_service
class TestEntryPoints:
    def test_are_those_of_the_manifest_and_no_others(self, service: Service) -> None:
        """`main.py` binds one coroutine to the name of each declared function, in the same order, and nothing else."""
        main = main_of(service)
        bound = [name for name in assigned(main) if name != "SERVICE"]

        assert bound == [function.name for function in service.functions]
        assert [getattr(main, name).__name__ for name in bound] == bound
        assert all(iscoroutinefunction(getattr(main, name)) for name in bound)

    def test_only_bind(self, service: Service) -> None:
        """Besides imports and entry points `main.py` holds the composed service: no logic, no other name."""
        tree = ast.parse(Path(str(main_of(service).__file__)).read_text(encoding="utf-8"))
        logic = ast.If | ast.For | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda

        assert assigned(main_of(service))[0] == "SERVICE"
        assert not any(isinstance(node, logic) for node in ast.walk(tree))

    def test_serve_the_manifest_beside_them(self, service: Service) -> None:
        """What is composed is what is declared."""
        assert composed(service).manifest is service


@every_service
class TestNames:
    def test_a_service_is_called_like_its_folder(self, service: Service) -> None:
        """The folder is the name that topics, paths and archives are made of."""
        assert import_module(f"functions.{service.name}.manifest").MANIFEST is service

    @pytest.mark.parametrize("kind", ["functions", "topics", "subscriptions", "collections", "schedules", "queues"])
    def test_are_unique(self, service: Service, kind: str) -> None:
        """No two of a kind share a name."""
        names = [each.name for each in getattr(service, kind)]

        assert len(set(names)) == len(names)

    @pytest.mark.parametrize("kind", ["topics", "subscriptions", "schedules", "queues"])
    def test_of_what_all_services_share_begin_with_the_service(self, service: Service, kind: str) -> None:
        """Topics, subscriptions and schedules lie in one project: a prefix keeps services apart."""
        assert all(each.name.startswith(f"{service.name}-") for each in getattr(service, kind))


@pytest.mark.parametrize("kind", ["categories", "collections"])
def test_one_store_keeps_what_is_told_apart_by_its_name(kind: str) -> None:
    """Streams and documents of all services lie in the same databases: a name belongs to one of them."""
    names = [each if isinstance(each, str) else each.name for service in SERVICES for each in getattr(service, kind)]

    assert len(set(names)) == len(names)


class TestSubscriptions:
    def test_are_to_topics_that_exist_and_are_public(self) -> None:
        """A service hears its own topics and the integration topics of others."""
        assert strangers(SERVICES) == []

    @pytest.mark.parametrize(
        ("topic", "found"), [("cart-commits", True), ("carts-events", True), ("cart-events", False)]
    )
    def test_to_anothers_private_topic_are_found(self, topic: str, *, found: bool) -> None:
        """Another's domain topic, and one that does not exist, are no topics to subscribe to."""
        cart = event_sourced("cart", description="", publishes="")
        mail = event_sourced(
            "mail", description="", publishes="", subscriptions=(Subscription(name="mail-carts", topic=topic),)
        )

        assert strangers([cart, mail]) == ["mail-carts"] * found

    @every_service
    def test_of_triggers_exist(self, service: Service) -> None:
        """A pushed function names a subscription of its own service."""
        triggers = [function.trigger for function in service.functions]
        pushed = {name for trigger in triggers if isinstance(trigger, Push) for name in trigger.subscriptions}

        assert pushed <= {subscription.name for subscription in service.subscriptions}

    @every_service
    def test_wait_longer_than_their_function_may_take(self, service: Service) -> None:
        """A message is not delivered again while its first delivery is still being handled."""
        assert too_slow(service) == []

    def test_that_wait_too_short_are_found(self) -> None:
        """An acknowledgement deadline as long as the timeout is too short."""
        carts = Collection(name="carts", description="")
        service = event_sourced("cart", description="", publishes="", collections=(carts,))
        hasty = replace(service, subscriptions=(replace(service.subscriptions[0], ack_deadline=60),))

        assert too_slow(hasty) == ["projector"]

    @every_event_sourced
    def test_of_the_relay_cover_both_topics(self, service: Service) -> None:
        """The relay can prove publication of everything: a pulled subscription of each topic, unfiltered."""
        relays = {each.name: each for each in service.subscriptions}
        for topic in service.topics:
            relay = relays[relay_subscription(topic.name)]
            assert (relay.topic, relay.filter, service.pushed_to(relay.name)) == (topic.name, "", None)


@every_event_sourced
class TestEventSourced:
    def test_has_its_two_topics(self, service: Service) -> None:
        """Commits for itself, events for others."""
        assert [topic.name for topic in service.topics] == [service.domain_topic, service.integration_topic]

    def test_tells_what_it_publishes(self, service: Service) -> None:
        """The integration topic's description names every event on it."""
        (topic,) = [topic for topic in service.topics if topic.name == service.integration_topic]
        events = integration_events(composed(service))

        assert all(split_type(event.TYPE)[0] in topic.description for event in events)

    def test_takes_the_methods_that_it_serves(self, service: Service) -> None:
        """A request of every declared endpoint reaches the function that serves it."""
        methods = {
            function.name: set(function.trigger.methods)
            for function in service.functions
            if isinstance(function.trigger, Http)
        }

        taken = {endpoint.method for api in composed(service).command_apis for endpoint in api.endpoints}

        assert taken <= methods["commands"]
        assert methods["queries"] == {"GET"}

    def test_declares_the_collections_that_it_projects_to(self, service: Service) -> None:
        """Every projection has its collection, and every collection its projection."""
        projected = {projection.collection for projection in composed(service).projections}

        assert projected == {collection.name for collection in service.collections}

    def test_decodes_the_same_events_on_both_sides(self, service: Service) -> None:
        """A projection knows every event that the decider knows, those of earlier versions included."""
        decided = {each.category: each.decider.codec.types for each in composed(service).aggregates}

        assert all(each.codec.types == decided[each.category] for each in composed(service).projections)

    def test_declares_its_categories(self, service: Service) -> None:
        """The manifest names every kind of streams that the service keeps."""
        assert service.categories == tuple(each.category for each in composed(service).aggregates)

    def test_indexes_fields_that_are_written(self, service: Service) -> None:
        """An index names fields of the row that the projection writes; any other would stay empty."""
        written = {each.collection: written_fields(each) for each in composed(service).projections}
        for collection in service.collections:
            for index in collection.indexes:
                assert {field.name for field in index} <= written[collection.name]

    def test_has_an_index_for_every_list(self, service: Service) -> None:
        """Any filters that a list can be asked for with find an index in its order; and no index is for nothing."""
        for api in composed(service).query_apis:
            if isinstance(api, QueryApi):
                self._serves(service, api)

    def _serves(self, service: Service, api: QueryApi[Any, Any]) -> None:
        optional = sorted(set(api.filters) - set(api.required))
        choices = [
            {*api.required, *more} for count in range(len(optional) + 1) for more in combinations(optional, count)
        ]
        chosen = [each for each in choices if not api.required_one_of or each & set(api.required_one_of)]
        (collection,) = [each for each in service.collections if each.name == api.projection.collection]
        order = IndexField(api.order_by, descending=api.newest_first)
        served = [{field.name for field in index[:-1]} for index in collection.indexes if index[-1] == order]

        assert all(filters in served for filters in chosen)
        assert all(filters in chosen for filters in served)


def written_fields(projection: Projection[Any, Any]) -> set[str]:
    """The fields of the row that it writes for a document, whatever the document holds."""
    model = projection.document_type
    return set(projection.fields(model.model_validate(smallest(json_schema(model, "serialization", model.__name__)))))


@every_service
class TestSchedules:
    def test_name_functions_that_are_not_public(self, service: Service) -> None:
        """Cron calls a declared function that no client can reach."""
        functions_of = {function.name: function for function in service.functions}

        for schedule in service.schedules:
            assert not isinstance(functions_of[schedule.function].trigger, Http)

    def test_are_cron_entries(self, service: Service) -> None:
        """Five fields of digits, stars, commas, dashes and slashes."""
        for schedule in service.schedules:
            assert re.fullmatch(r"[\d*,/-]+( [\d*,/-]+){4}", schedule.cron)

    def test_reach_every_private_function(self, service: Service) -> None:
        """A private function that nobody calls would never run."""
        private = {function.name for function in service.functions if isinstance(function.trigger, Private)}

        scheduled = {schedule.function for schedule in service.schedules}

        assert private <= scheduled | {queue.function for queue in service.queues}
