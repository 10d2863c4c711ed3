"""The catalog's queries over HTTP."""

from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Annotated

from pydantic import Field, TypeAdapter
from pydantic_core import to_json

from functions.catalog.events import ImportEvent
from functions.catalog.manifest import AVAILABILITY, NAME, PRODUCT
from functions.catalog.projections import IMPORTS_PROJECTION
from functions.catalog.read_models import (
    Availability,
    ImportView,
    ProductDocument,
    ProductPage,
    ProductView,
    UnavailableProduct,
)
from functions.catalog.search import TIERS, Entry, Place, Search, SearchIndex, asked_words
from functions.catalog.search_base import SearchBase
from functions.catalog.search_feed import SearchFeed
from shared.http.auth import COUNTER, EVERYONE, PEOPLE
from shared.http.problems import bad_field
from shared.http.query_api import (
    MAX_FILTER_CHARS,
    Asked,
    CustomQuery,
    ListParameters,
    QueryApi,
    QueryWiring,
    StateQueryApi,
)
from shared.http.requests import Body, Id

MAX_WORDS = 12
MAX_SKUS = 500


class ProductParameters(ListParameters):
    """`q` are words, or how words begin, all of which must be there; without it, all products in the order of their
    skus. `department` and `brand` are equal but for case and accents. A walk over all products sees each that is there
    all the time exactly once; one by words may miss a product whose words change meanwhile, for its place is theirs.
    """

    q: str = Field("", max_length=MAX_FILTER_CHARS)
    department: str | None = Field(None, max_length=MAX_FILTER_CHARS)
    brand: str | None = Field(None, max_length=MAX_FILTER_CHARS)


def product_search(make_index: Callable[[], SearchIndex]) -> CustomQuery:
    """Search by this engine. Each instance has an index of its own, which costs nothing before it is asked for."""

    def answer(wiring: QueryWiring) -> Callable[[Asked], Awaitable[ProductPage]]:
        feed = SearchFeed(
            index=make_index(),
            base=SearchBase(wiring.rows),
            states=wiring.states,
            clock=wiring.clock,
            lag=timedelta(seconds=wiring.settings.feed_lag),
        )
        return lambda asked: _find(feed, asked.parameters)

    return CustomQuery(
        service=NAME,
        path="/products",
        parameters=ProductParameters,
        answer=answer,
        returns=ProductPage,
        summary="Search products, best first, or browse them.",
        roles=COUNTER,
    )


async def _find(feed: SearchFeed, wanted: ProductParameters) -> ProductPage:
    search = _search(wanted)
    index = await feed.current()
    found = await index.search(search)
    page, more = found[: wanted.limit], len(found) > wanted.limit
    return ProductPage(items=[_view_of(find.entry) for find in page], next=cursor_of(page[-1].place) if more else None)


def _search(wanted: ProductParameters) -> Search:
    words = asked_words(wanted.q)
    if words is not None and len(words) > MAX_WORDS:
        raise bad_field("q", f"has more than {MAX_WORDS} different words")
    return Search(
        words=words,
        department=wanted.department,
        brand=wanted.brand,
        limit=wanted.limit + 1,
        after=parse_cursor(wanted.cursor) if wanted.cursor else None,
    )


def _view_of(entry: Entry) -> ProductView:
    described = entry.description._asdict() if entry.description else {}
    return ProductView(sku=entry.sku, manufacturer=entry.manufacturer, **described)


_PLACE: TypeAdapter[tuple[int, int, str]] = TypeAdapter(
    tuple[
        Annotated[int, Field(ge=0, lt=TIERS)],
        Annotated[int, Field(ge=0, lt=1 << 63)],
        Id,
    ]
)


def cursor_of(place: Place) -> str:
    return urlsafe_b64encode(to_json(place)).decode().rstrip("=")


def parse_cursor(cursor: str) -> Place:
    """What `cursor_of` made; anybody may send anything."""
    try:
        return Place(*_PLACE.validate_json(urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4))))
    except ValueError as error:  # a ValidationError is one
        raise bad_field("cursor", "is not one that a list returned") from error


class AvailabilityBody(Body):
    """As many products as a cart holds."""

    skus: tuple[Id, ...] = Field(min_length=1, max_length=MAX_SKUS)


def _availability(wiring: QueryWiring) -> Callable[[Asked], Awaitable[Availability]]:
    """From the states themselves, which are never behind."""

    async def answer(asked: Asked) -> Availability:
        wanted: AvailabilityBody = asked.body
        states = await wiring.states.get_many([f"{PRODUCT}-{sku}" for sku in wanted.skus])
        found = {sku: states.get(f"{PRODUCT}-{sku}") for sku in wanted.skus}
        products = {
            sku: ProductDocument.model_validate_json(state.body) if state else None for sku, state in found.items()
        }
        return Availability(unavailable=[each for sku, product in products.items() for each in _missing(sku, product)])

    return answer


def _missing(sku: str, product: ProductDocument | None) -> list[UnavailableProduct]:
    if product is None or product.listing == "absent":
        return [UnavailableProduct(sku=sku, name=sku, listing="absent")]
    if product.listing == "listed":
        return []
    words = (product.brand, product.product_type or product.category or product.department, product.size)
    return [UnavailableProduct(sku=sku, name=" ".join(filter(None, words)), listing="delisted")]


async def _view(state: ProductDocument, _: QueryWiring) -> ProductView | None:
    return ProductView(**state.model_dump(exclude={"listing"})) if state.listing == "listed" else None


IMPORT_QUERIES = QueryApi[ImportEvent, ImportView](
    service=NAME,
    projection=IMPORTS_PROJECTION,
    entity="/imports/{import_id}",
    collection="/imports",
    filters=("status",),
    required=("status",),
    order_by="started_at",
    seen_by=PEOPLE,
)
AVAILABILITY_QUERY = CustomQuery(
    service=NAME,
    path=AVAILABILITY,
    body=AvailabilityBody,
    answer=_availability,
    returns=Availability,
    summary="Which of these products are not sold.",
    roles=EVERYONE,
)
PRODUCT_QUERIES = StateQueryApi(
    service=NAME,
    category=PRODUCT,
    state=ProductDocument,
    returns=ProductView,
    view=_view,
    entity="/products/{sku}",
    roles=COUNTER,
)
