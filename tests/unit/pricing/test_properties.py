"""Facts that hold for every sequence of prices."""

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from functions.pricing.commands import ChangePrices, NewPrice
from functions.pricing.decider import PRICE_DECIDER, Price, price_at
from functions.pricing.events import PriceChanged
from functions.pricing.projections import project_prices
from functions.pricing.query_api import quote
from functions.pricing.read_models import PricesView
from shared.eventsourcing.errors import DomainError
from shared.eventsourcing.money import Money

START = datetime(2017, 3, 6, 12, tzinfo=UTC)
moments = st.integers(0, 12).map(lambda days: START + timedelta(days=days))
commands = st.builds(
    ChangePrices,
    sku=st.just("milk"),
    prices=st.lists(
        st.builds(
            NewPrice,
            price=st.builds(Money, amount=st.integers(0, 3), currency=st.sampled_from(["USD", "EUR"])),
            valid_from=st.none() | moments,
        ),
        min_size=1,
        max_size=3,
    ).map(tuple),
    list_id=st.none(),
    at=moments,
)
histories = st.lists(commands, max_size=12)


def change(amount: int, *, at: datetime, since: datetime | None = None) -> ChangePrices:
    new = NewPrice(price=Money(amount=amount, currency="USD"), valid_from=since)
    return ChangePrices(sku="milk", prices=(new,), list_id=None, at=at)


def run(history: list[ChangePrices]) -> tuple[Price, list[PriceChanged]]:
    """The state that commands lead to, and the events of those that were accepted."""
    price, accepted = PRICE_DECIDER.initial_state(), []
    for command in history:
        try:
            events = PRICE_DECIDER.decide(command, price)
        except DomainError:
            continue
        for event in events:
            price = PRICE_DECIDER.evolve(price, event)
            accepted.append(event)
    return price, accepted


def view_of(events: list[PriceChanged]) -> PricesView | None:
    view: PricesView | None = None
    for event in events:
        view = project_prices(view, event)
    return view


@given(histories, moments)
def test_both_sides_agree_on_the_price_of_any_time(history: list[ChangePrices], moment: datetime) -> None:
    """The read model finds the price that the rules know, whatever order the prices came in."""
    price, events = run(history)

    view = view_of(events)

    for currency in ("USD", "EUR"):
        valid = view.at(moment, currency)[0] if view else None
        assert price_at(price.amounts.get(currency, {}), moment) == (valid and valid.price.amount)


@given(st.lists(st.tuples(st.integers(0, 3), moments), min_size=1, max_size=8), st.lists(st.integers(0, 3), max_size=3))
def test_of_prices_from_now_on_the_last_one_holds(accepted: list[tuple[int, datetime]], late: list[int]) -> None:
    """In the order in which they were accepted, whatever the clocks said; also among prices for past days."""
    past = [change(amount, at=START, since=START - timedelta(days=day + 1)) for day, amount in enumerate(late)]

    price, _ = run([*past, *(change(amount, at=at) for amount, at in accepted), *past])

    horizon = max(at for _, at in accepted)
    assert price_at(price.amounts["USD"], horizon) == accepted[-1][0]


@given(histories, commands)
def test_doing_it_twice_does_it_once(history: list[ChangePrices], command: ChangePrices) -> None:
    """A command repeated at once has no effect of its own."""
    _, once = run([*history, command])
    _, twice = run([*history, command, command])

    assert twice == once


@given(histories)
def test_a_snapshot_is_the_state(history: list[ChangePrices]) -> None:
    """Any state survives being stored as a snapshot."""
    price, _ = run(history)

    assert PRICE_DECIDER.load_state(PRICE_DECIDER.dump_state(price)) == price


@given(st.dictionaries(st.sampled_from(["milk", "tea", "rye"]), st.integers(1, 100_000), min_size=1), st.data())
def test_a_quote_adds_up(items: dict[str, int], data: st.DataObject) -> None:
    """The total is the sum of the lines, and each line the unit price times its quantity."""
    amounts = {sku: data.draw(st.integers(0, 10_000)) for sku in items}
    found = {
        sku: view_of(
            [PriceChanged(sku=sku, price=Money(amount=cents, currency="USD"), valid_from=START, list_id=None, at=START)]
        )
        for sku, cents in amounts.items()
    }

    quoted = quote(items, found, "USD", START)

    assert [(line.sku, line.total.amount) for line in quoted.lines] == [
        (sku, amounts[sku] * quantity) for sku, quantity in items.items()
    ]
    assert quoted.total.amount == sum(line.total.amount for line in quoted.lines)
