"""The catalog's commands over HTTP."""

from collections.abc import Sequence
from hashlib import sha256
from typing import Annotated

from pydantic import Field, model_validator
from pydantic_core import PydanticCustomError, to_json

from functions.catalog.commands import (
    CancelImport,
    DelistProduct,
    FinishImport,
    ImportProduct,
    ListProduct,
    RecordChunk,
    StartImport,
)
from functions.catalog.decider import Import, Product, is_taken_in
from functions.catalog.manifest import IMPORT, NAME, PRODUCT
from shared.eventsourcing.joint import Read, Target
from shared.http.auth import PEOPLE
from shared.http.command_api import Call, CommandApi, CommandEndpoint, JointEndpoint, open_to_its_roles
from shared.http.problems import bad_field
from shared.http.requests import Body, Id

MAX_CHUNK = 100
MAX_IMPORT = 1_000_000
_MAX_CHUNK_DIGITS = 7
Text = Annotated[str, Field(max_length=100, pattern=r"^[^\x00-\x1f\x7f]*$")]


class ProductBody(Body):
    """A product's description; empty where nothing is known."""

    department: Text = Field(min_length=1)
    category: Text = ""
    product_type: Text = ""
    brand: Text = ""
    size: Text = ""
    manufacturer: Text = ""


class ImportedProduct(ProductBody):
    sku: Id


class StartImportBody(Body):
    products_expected: int = Field(ge=1, le=MAX_IMPORT)


class ChunkBody(Body):
    """Up to 100 products, each once."""

    products: tuple[ImportedProduct, ...] = Field(min_length=1, max_length=MAX_CHUNK, strict=False)

    @model_validator(mode="after")
    def _each_once(self) -> "ChunkBody":
        if len({product.sku for product in self.products}) < len(self.products):
            raise PydanticCustomError("sku_twice", "a product can be in a chunk only once")
        return self


def _list(body: ProductBody, call: Call) -> ListProduct:
    return ListProduct(sku=call.entity_id, at=call.now, **body.model_dump())


def _delist(_: Body, call: Call) -> DelistProduct:
    return DelistProduct(at=call.now)


def _start(body: StartImportBody, call: Call) -> StartImport:
    return StartImport(import_id=call.entity_id, products_expected=body.products_expected, at=call.now)


async def _take_in(body: ChunkBody, call: Call, read: Read) -> Sequence[Target]:
    """The products and the progress in one commit. A chunk that was taken in before is not listed again: its products
    may have been described otherwise since. One with a product of an earlier chunk is refused.
    """
    number, fingerprint = _chunk_number(call), sha256(to_json(body.products)).hexdigest()[:16]
    if is_taken_in(await read(IMPORT, call.entity_id), number, fingerprint):
        return []
    record = RecordChunk(number=number, products=len(body.products), fingerprint=fingerprint, at=call.now)
    imported = (ImportProduct(import_id=call.entity_id, at=call.now, **each.model_dump()) for each in body.products)
    return [Target(IMPORT, call.entity_id, record), *(Target(PRODUCT, each.sku, each) for each in imported)]


def _finish(_: Body, call: Call) -> FinishImport:
    return FinishImport(at=call.now)


def _cancel(_: Body, call: Call) -> CancelImport:
    return CancelImport(at=call.now)


def _chunk_number(call: Call) -> int:
    text = call.path["number"]
    if not (text.isascii() and text.isdecimal() and len(text) <= _MAX_CHUNK_DIGITS):
        raise bad_field("number", "is not the number of a chunk")
    return int(text)


PRODUCT_COMMANDS = CommandApi[Product](
    service=NAME,
    category=PRODUCT,
    entity="/products/{sku}",
    guard=open_to_its_roles,
    endpoints=(
        CommandEndpoint(
            method="PUT",
            path="/products/{sku}",
            body=ProductBody,
            build=_list,
            roles=PEOPLE,
            summary="List a product, or describe it anew.",
        ),
        CommandEndpoint(
            method="DELETE",
            path="/products/{sku}",
            build=_delist,
            roles=PEOPLE,
            summary="Take a product out of the catalog.",
        ),
    ),
)
IMPORT_COMMANDS = CommandApi[Import](
    service=NAME,
    category=IMPORT,
    entity="/imports/{import_id}",
    guard=open_to_its_roles,
    endpoints=(
        CommandEndpoint(
            method="POST",
            path="/imports",
            body=StartImportBody,
            build=_start,
            roles=PEOPLE,
            creates=True,
            summary="Announce an import of products.",
        ),
        JointEndpoint(
            method="PUT",
            path="/imports/{import_id}/chunks/{number}",
            body=ChunkBody,
            plan=_take_in,
            roles=PEOPLE,
            summary="List a chunk of an import's products, all or none; the same chunk again changes nothing.",
        ),
        CommandEndpoint(
            method="POST",
            path="/imports/{import_id}/finish",
            build=_finish,
            roles=PEOPLE,
            summary="No more products come: the rest of what was announced is given up.",
        ),
        CommandEndpoint(
            method="POST",
            path="/imports/{import_id}/cancel",
            build=_cancel,
            roles=PEOPLE,
            summary="Take no more products in; those that were stay in the catalog.",
        ),
    ),
)
