"""Manifests: how services are found, and what an event-sourced one gets without asking."""

import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from types import ModuleType

import pytest

from shared.topology import (
    EVENTS_DATABASE,
    READ_MODELS_DATABASE,
    STATES_INDEX,
    Collection,
    Function,
    Http,
    Index,
    IndexField,
    Maturity,
    Private,
    Push,
    Schedule,
    Service,
    Subscription,
    all_indexes,
    discover,
    event_sourced,
    log_indexes,
)

NEWEST = (IndexField("customer_id"), IndexField("opened_at", descending=True))
CARTS = Collection(name="carts", description="", indexes=(NEWEST,))
CART = event_sourced("cart", description="Carts.", publishes="CartCheckedOut.", collections=(CARTS,))
MANIFEST = """
from shared.topology import Maturity, Service
MANIFEST = Service(name="{name}", description="", maturity=Maturity.STATE, functions=())
"""


class TestDiscovery:
    @pytest.fixture
    def package(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[ModuleType]:
        """A package with two services and a module that is none."""
        for name in ("pricing", "catalog"):
            folder = tmp_path / "shop_services" / name
            folder.mkdir(parents=True)
            (folder / "__init__.py").touch()
            (folder / "manifest.py").write_text(MANIFEST.format(name=name))
        (tmp_path / "shop_services" / "notes.py").touch()
        monkeypatch.syspath_prepend(tmp_path)
        yield ModuleType("shop_services")
        for name in [name for name in sys.modules if name.startswith("shop_services")]:
            del sys.modules[name]

    def test_finds_every_folder_by_name(self, package: ModuleType, tmp_path: Path) -> None:
        """A new service is found by its folder, and the order is always the same."""
        package.__path__ = [str(tmp_path / "shop_services")]

        assert [service.name for service in discover(package)] == ["catalog", "pricing"]


class TestAnEventSourcedService:
    def test_has_the_usual_functions(self) -> None:
        """Commands and queries for clients, a projector for its own commits, a relay for the scheduler."""
        triggers = {function.name: function.trigger for function in CART.functions}

        assert triggers == {
            "commands": Http(("POST", "PUT", "DELETE")),
            "queries": Http(("GET",)),
            "projector": Push(("cart-projector",)),
            "relay": Private(),
        }

    def test_has_two_topics_each_with_a_relay_of_its_own(self) -> None:
        """Publication is proven for commits and events alike."""
        assert [topic.name for topic in CART.topics] == [CART.domain_topic, CART.integration_topic]
        assert {(each.name, each.topic) for each in CART.subscriptions} == {
            ("cart-projector", "cart-commits"),
            ("cart-commits-relay", "cart-commits"),
            ("cart-events-relay", "cart-events"),
        }

    def test_is_swept_and_relayed_on_schedule(self) -> None:
        """Both jobs that heal it run by themselves, and so does the drain of what Pub/Sub gave up."""
        jobs = {(each.function, each.path) for each in CART.schedules}

        assert jobs == {("relay", "/"), ("projector", "/sweep"), ("relay", "/drain")}

    def test_may_have_more(self) -> None:
        """Its own functions, subscriptions and schedules come on top of the usual ones."""
        reactor = Function(name="reactor", trigger=Push(("mail-carts",)), permissions=(), description="")
        carts = Subscription(name="mail-carts", topic="cart-events")
        nightly = Schedule(name="mail-night", function="reactor", path="/night", cron="0 3 * * *", description="")

        mail = event_sourced(
            "mail",
            description="",
            publishes="",
            collections=(Collection(name="mails", description=""),),
            functions=(reactor,),
            subscriptions=(carts,),
            schedules=(nightly,),
        )

        assert (mail.functions[-1], mail.subscriptions[-1], mail.schedules[-1]) == (reactor, carts, nightly)
        assert len(mail.functions) == len(CART.functions) + 1

    def test_may_replace_a_usual_function(self) -> None:
        """A function of a usual name takes its place: more memory, say, for one service's queries."""
        queries = Function(name="queries", trigger=Http(("GET",)), permissions=(), description="", memory=1024)

        replaced = event_sourced("cart", description="", publishes="", functions=(queries,))

        assert [each.name for each in replaced.functions].count("queries") == 1
        assert replaced.function("queries").memory == 1024


class TestAService:
    def test_knows_its_functions_by_name(self) -> None:
        """A name that is not there is a KeyError that says which."""
        assert CART.function("relay").name == "relay"
        with pytest.raises(KeyError, match="reactor"):
            CART.function("reactor")

    def test_knows_where_a_subscription_is_pushed(self) -> None:
        """To the function whose trigger names it; a pulled one is pushed nowhere."""
        assert CART.pushed_to("cart-projector") is CART.function("projector")
        assert CART.pushed_to("cart-commits-relay") is None

    def test_indexes_its_collections_among_the_read_models(self) -> None:
        """One composite index for each declared combination of fields."""
        assert CART.indexes == (Index(collection="carts", fields=NEWEST, database=READ_MODELS_DATABASE),)

    def test_of_state_only_has_nothing_by_itself(self) -> None:
        """The usual parts belong to the event-sourced level."""
        catalog = Service(name="catalog", description="", maturity=Maturity.STATE, functions=())

        assert (catalog.topics, catalog.subscriptions, catalog.schedules, catalog.indexes) == ((), (), (), ())


def test_a_dead_letter_topic_is_named_for_its_subscription() -> None:
    """Each subscription has one of its own."""
    assert Subscription(name="cart-projector", topic="cart-commits").dead_letter_topic == "cart-projector-dead"


def test_the_log_has_its_own_indexes() -> None:
    """The feed and the outbox of each category are read across all of its streams."""
    assert all_indexes([]) == ()
    assert all_indexes([CART]) == (*log_indexes("cart"), *CART.indexes)
    assert {(index.database, index.group) for index in log_indexes("cart")} == {(EVENTS_DATABASE, True)}


def test_states_are_found_by_their_last_change() -> None:
    """Only where a service keeps state documents."""
    keeps = replace(CART, maturity=Maturity.STATE)

    assert STATES_INDEX in all_indexes([keeps])
    assert STATES_INDEX not in all_indexes([CART])
