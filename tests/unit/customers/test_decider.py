"""The rules of a customer's profile, given / when / then."""

from datetime import UTC, datetime, timedelta

import pytest

from functions.customers.commands import (
    ChangeProfile,
    CustomerCommand,
    DeferErasure,
    EraseCustomer,
    RequestErasure,
    SealedProfile,
)
from functions.customers.decider import CUSTOMERS, Customer, Status
from functions.customers.events import (
    AddressesChanged,
    ContactChanged,
    CustomerErased,
    CustomerEvent,
    ErasureDeferred,
    ErasureRequested,
    UnderWay,
)
from shared.eventsourcing.personal import SealedText
from shared.testing.decider_spec import DeciderSpec

AT = datetime(2017, 3, 6, 12, 0, tzinfo=UTC)
LATER = AT + timedelta(minutes=5)
customer = DeciderSpec[CustomerCommand, CustomerEvent, Customer](CUSTOMERS)


def sealed(text: str, time: str = "1") -> SealedText:
    """As if sealed: another text each `time`, the same fingerprint."""
    return SealedText(f"sealed:{text}/{time}", f"print of {text}")


def profile(name: str = "Ada", email: str = "ada@x.org", addresses: str = "[]", time: str = "1") -> SealedProfile:
    return SealedProfile(name=sealed(name, time), email=sealed(email, time), addresses=sealed(addresses, time))


def change(profile: SealedProfile, at: datetime = AT, **mail_preferences: bool) -> ChangeProfile:
    return ChangeProfile(customer_id="900", profile=profile, mail_preferences=mail_preferences, at=at)


def contact_changed(
    name: str = "Ada", email: str = "ada@x.org", time: str = "1", at: datetime = AT, **mail_preferences: bool
) -> ContactChanged:
    return ContactChanged(
        customer_id="900",
        name=f"sealed:{name}/{time}",
        name_fingerprint=f"print of {name}",
        email=f"sealed:{email}/{time}",
        email_fingerprint=f"print of {email}",
        mail_preferences=mail_preferences,
        at=at,
    )


def addresses_changed(addresses: str = "[]", time: str = "1", at: datetime = AT) -> AddressesChanged:
    return AddressesChanged(
        customer_id="900",
        addresses=f"sealed:{addresses}/{time}",
        addresses_fingerprint=f"print of {addresses}",
        at=at,
    )


def request(by: str = "customer:900", at: datetime = LATER) -> RequestErasure:
    return RequestErasure(customer_id="900", by=by, at=at)


def requested(by: str = "customer:900", at: datetime = LATER) -> ErasureRequested:
    return ErasureRequested(customer_id="900", by=by, at=at)


ERASE = EraseCustomer(customer_id="900", at=LATER)
ORDER = UnderWay(kind="order", id="o1")
DEFER = DeferErasure(waits_for=(ORDER,), at=LATER)
DEFERRED = ErasureDeferred(waits_for=(ORDER,), at=LATER)


def erased(by: str = "customer:900", at: datetime = LATER) -> CustomerErased:
    return CustomerErased(customer_id="900", by=by, at=at)


class TestWhenAbsent:
    def test_a_profile_is_written(self) -> None:
        """Contact and addresses, whole."""
        customer.given().when(change(profile(), order_placed=False)).then(
            contact_changed(order_placed=False), addresses_changed()
        )

    def test_can_be_erased(self) -> None:
        """Who has no profile may have addresses on orders: those become unreadable as well."""
        customer.given().when(request()).then(requested())

    @pytest.mark.parametrize("unasked", [ERASE, DEFER])
    def test_is_not_erased_unasked(self, unasked: CustomerCommand) -> None:
        """A look comes after a request."""
        customer.given().when(unasked).then_nothing()


class TestWhenKnown:
    history = (contact_changed(order_placed=True), addresses_changed())

    def test_the_same_profile_again_changes_nothing(self) -> None:
        """Although it was sealed anew, and reads differently."""
        customer.given(*self.history).when(change(profile(time="2"), LATER, order_placed=True)).then_nothing()

    @pytest.mark.parametrize(("name", "email"), [("Ada King", "ada@x.org"), ("Ada", "ada@y.org")])
    def test_another_name_or_email_changes_the_contact(self, name: str, email: str) -> None:
        """And not the addresses."""
        command = change(profile(name, email, time="2"), LATER, order_placed=True)
        customer.given(*self.history).when(command).then(
            contact_changed(name, email, time="2", at=LATER, order_placed=True)
        )

    def test_other_preferences_change_the_contact(self) -> None:
        """Whoever sends mails learns of it with the address."""
        command = change(profile(time="2"), LATER, order_placed=False)
        customer.given(*self.history).when(command).then(contact_changed(time="2", at=LATER, order_placed=False))

    def test_other_addresses_change_the_addresses(self) -> None:
        """And nothing that is published."""
        command = change(profile(addresses="[1]", time="2"), LATER, order_placed=True)
        customer.given(*self.history).when(command).then(addresses_changed("[1]", time="2", at=LATER))

    @pytest.mark.parametrize("by", ["customer:900", "operator:ann"])
    def test_requests_to_be_erased(self, by: str) -> None:
        """On record is who asked for it."""
        customer.given(*self.history).when(request(by)).then(requested(by))


class TestWhenLeaving:
    history = (contact_changed(), addresses_changed(), requested("operator:ann"))

    def test_the_profile_stays_as_it_is(self) -> None:
        """What is under way needs it."""
        customer.given(*self.history).when(change(profile("Ada King"))).then_refused("customer-is-leaving")

    def test_asking_again_does_nothing(self) -> None:
        """The first request stands."""
        customer.given(*self.history).when(request()).then_nothing()

    def test_waits_for_what_is_under_way(self) -> None:
        """Each look is recorded, also one that finds the same: it is met again by this commit."""
        customer.given(*self.history).when(DEFER).then(DEFERRED)
        customer.given(*self.history, DEFERRED).when(DEFER).then(DEFERRED)
        assert customer.given(*self.history, DEFERRED).state().waits_for == (ORDER,)

    def test_is_erased_by_who_asked_for_it(self) -> None:
        """And not by the job that carries it out."""
        customer.given(*self.history, DEFERRED).when(ERASE).then(erased("operator:ann"))


class TestWhenErased:
    history = (contact_changed(), addresses_changed(), erased())

    def test_only_the_id_is_left(self) -> None:
        """And since when and by whose request."""
        assert customer.given(*self.history).state() == Customer(
            status=Status.ERASED, customer_id="900", erased_at=LATER, erased_by="customer:900"
        )

    def test_does_not_come_back(self) -> None:
        """Also not with a profile that was sealed just before."""
        customer.given(*self.history).when(change(profile())).then_refused("customer-erased")

    def test_erasing_again_does_nothing(self) -> None:
        """Whoever asks."""
        customer.given(*self.history).when(request("operator:ann")).then_nothing()

    @pytest.mark.parametrize("late", [ERASE, DEFER])
    def test_a_look_that_comes_late_does_nothing(self, late: CustomerCommand) -> None:
        """Another one was faster."""
        customer.given(*self.history).when(late).then_nothing()
