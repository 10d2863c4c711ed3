"""The documents that the catalog's queries return, and the stored one that they are made from."""

from typing import Literal

from pydantic import AwareDatetime, BaseModel, ConfigDict


class ProductDocument(BaseModel):
    """A product's stored state, as far as the queries read it."""

    model_config = ConfigDict(frozen=True, extra="ignore")
    listing: Literal["absent", "listed", "delisted"]
    sku: str
    department: str
    category: str
    product_type: str
    brand: str
    size: str
    manufacturer: str


class ProductView(BaseModel):
    """A product that the catalog shows. A field is empty where nothing is known."""

    model_config = ConfigDict(extra="forbid")
    sku: str
    department: str
    category: str
    product_type: str
    brand: str
    size: str
    manufacturer: str


class UnavailableProduct(BaseModel):
    """A product that is not sold: never `listed`, or `delisted`. `name` is its description in a few words, its sku
    where the catalog never heard of it.
    """

    model_config = ConfigDict(extra="forbid")
    sku: str
    name: str
    listing: Literal["absent", "delisted"]


class Availability(BaseModel):
    """Which of the products that were asked about are not sold, in the same order; none if all are."""

    model_config = ConfigDict(extra="forbid")
    unavailable: list[UnavailableProduct]


class ProductPage(BaseModel):
    """Products that were searched for, best first; `next` is the cursor of the page behind this one."""

    model_config = ConfigDict(extra="forbid")
    items: list[ProductView]
    next: str | None


class ImportView(BaseModel):
    """An import: `chunks` counts those that were taken in. It ends `completed` when all products that were announced
    are there or were given up, or `cancelled`.
    """

    model_config = ConfigDict(extra="forbid")
    id: str
    status: Literal["running", "completed", "cancelled"]
    products_expected: int
    products_received: int
    products_given_up: int = 0
    chunks: int
    started_at: AwareDatetime
    changed_at: AwareDatetime
    completed_at: AwareDatetime | None = None
    cancelled_at: AwareDatetime | None = None
