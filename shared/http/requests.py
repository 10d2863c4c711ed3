"""Reading requests: bodies and parameters into models, with limits and clear refusals."""

import asyncio
import re
from datetime import UTC, datetime
from typing import Annotated, Literal, TypeVar
from unicodedata import category

from pydantic import AfterValidator, AwareDatetime, BaseModel, BeforeValidator, ConfigDict, Field, ValidationError
from pydantic_core import from_json
from starlette.datastructures import Headers
from starlette.requests import ClientDisconnect, Request

from shared.eventsourcing.currencies import DIGITS, PAYABLE
from shared.eventsourcing.ids import ID
from shared.eventsourcing.money import Currency, Money
from shared.http.invalid import invalid
from shared.http.json_keys import key_given_twice
from shared.http.problems import MAX_NAME, ProblemError, bad_field

MAX_BODY_BYTES = 256 * 1024
BODY_PATIENCE = 20.0
"""Seconds that a body may take to arrive."""
MAX_KEY_CHARS = 255
FLOW_ID = rf"[\x21-\x7e]{{1,{MAX_KEY_CHARS}}}"
_TWICE = "given more than once"
_SINGLE = (
    *("Authorization", "Content-Type", "Idempotency-Key", "If-Match", "If-None-Match", "Stripe-Signature"),
    *("X-Correlation-Id", "X-Causation-Id"),
)
_SINGLE_NAMES = {name.lower().encode(): name for name in _SINGLE}
_ATTRIBUTE = b"ce-"
"""How the headers of a pushed message begin."""
M = TypeVar("M", bound=BaseModel)


def _not_a_number(value: object) -> object:
    """Numbers, also those in strings, would pass as seconds since 1970."""
    if isinstance(value, int | float) or (isinstance(value, str) and re.fullmatch(r"[\d.+-]+", value)):
        raise ValueError("must be a date and a time with a time zone, as RFC 3339 writes them")
    return value


Moment = Annotated[AwareDatetime, Field(strict=False), BeforeValidator(_not_a_number)]
"""A time in a request: RFC 3339, with its zone."""
_FIRST, _LAST = datetime(1970, 1, 1, tzinfo=UTC), datetime(2200, 1, 1, tzinfo=UTC)


def _bounded(value: datetime) -> datetime:
    if not _FIRST <= value <= _LAST:
        raise ValueError(f"must lie between the years {_FIRST.year} and {_LAST.year}")
    return value


BoundedMoment = Annotated[Moment, AfterValidator(_bounded)]
"""One that may lie in the past or in the future, and that every store holds."""


def _payable(currency: str) -> str:
    if currency not in DIGITS:
        raise ValueError("must be a currency of ISO 4217")
    if currency not in PAYABLE:
        raise ValueError(f"nothing can be paid in {currency}")
    return currency


def _payable_money(money: Money) -> Money:
    _payable(money.currency)
    return money


PayableCurrency = Annotated[Currency, AfterValidator(_payable)]
"""One that the payment provider takes: whoever names another would hear of it when it is too late."""
PayableMoney = Annotated[Money, AfterValidator(_payable_money)]

Id = Annotated[str, Field(pattern=f"^{ID}$")]
"""The id of anything, in a request."""
AnyCaseId = Annotated[Id, AfterValidator(str.upper)]
"""One that people type, such as a coupon's code: it does not mind case. Behind the edge it is in upper case, always."""
ReturnReason = Literal["changed-mind", "damaged", "wrong-item", "not-as-described", "arrived-late", "other"]
"""Why a customer returns goods. This and the reasons below go into the log for ever and on to other services, where no
erasure reaches them: so each is one of these words, and never in anybody's own.
"""
ShopReason = Literal[ReturnReason, "customer-request", "out-of-stock", "fraud", "mistake", "outage"]
"""Why the shop's people do something to what is a person's."""
RefusalReason = Literal["used", "hygiene", "not-ours", "nothing-arrived", "other"]
"""Why the shop's people do not take goods back: the customer is told."""
WorkflowReason = Literal["checkout-failed"]
"""Why a workflow takes back what it did."""
AnyReason = Literal[ShopReason, WorkflowReason]
"""Of a command that people and workflows send: `Call.reason` says who may give which."""
Note = Annotated[str, Field(min_length=1, max_length=200)]
"""Why somebody did something to goods, in a few words of the shop's people. It stays in the log: no persons in it."""


_JOINERS = "\u200c\u200d"
"""They have no shape of their own and belong to the spelling of some scripts."""


def _printable(text: str) -> str:
    kinds = {category(letter) for letter in text if letter not in _JOINERS}
    if any(kind.startswith("C") or kind in ("Zl", "Zp") for kind in kinds):
        raise ValueError("must not have control characters or line breaks")
    if text and not text.strip():
        raise ValueError("must not be blank")
    return text


PRINTABLE = AfterValidator(_printable)
"""Of text that a label or a mail can take: on one line, and with nothing that turns others around. It stands behind the
bounds of a text: in front of them it would have them told as those of a list.
"""
Line = Annotated[str, Field(min_length=1, max_length=100), PRINTABLE]


class Body(BaseModel):
    """A request body: unknown fields are refused, and so is a value of another type."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)


class Parameters(BaseModel):
    """Query parameters: unknown ones are refused."""

    model_config = ConfigDict(frozen=True, extra="forbid")


def path_of(request: Request) -> str:
    """As the server decoded it; `request.url` would parse it again, and drop characters on the way."""
    path: str = request.scope["path"]
    return path


def target_of(request: Request) -> str:
    """Path and query: what a request is for, beside its method."""
    query = request.scope["query_string"].decode("latin-1")
    return f"{path_of(request)}?{query}" if query else path_of(request)


def check_headers(headers: Headers) -> None:
    """A 400 problem if a header that has one value is given twice: readers differ in which one they take."""
    seen = set[bytes]()
    for name, _ in headers.raw:
        if name in seen:
            raise bad_field(_SINGLE_NAMES.get(name) or name.decode("latin-1")[:MAX_NAME], _TWICE)
        if name in _SINGLE_NAMES or name.startswith(_ATTRIBUTE):
            seen.add(name)


async def read_body(request: Request, limit: int = MAX_BODY_BYTES) -> bytes:
    """The body, refused with 413 as soon as it exceeds the limit, whatever its headers say. A compressed one is
    refused: nobody decompresses what strangers send.
    """
    _check_encoding(request)
    chunks, size = [], 0
    try:
        async with asyncio.timeout(BODY_PATIENCE):
            async for chunk in request.stream():
                size += len(chunk)
                if size > limit:
                    raise ProblemError(413, "too-large", f"a request body has at most {limit} bytes")
                chunks.append(chunk)
    except ClientDisconnect as error:
        raise ProblemError(400, "incomplete", "the request ended early") from error
    except TimeoutError as error:
        close = {"Connection": "close"}
        raise ProblemError(408, "incomplete", "the request's body did not arrive in time", headers=close) from error
    return b"".join(chunks)


def _check_encoding(request: Request) -> None:
    codings = ",".join(request.headers.getlist("content-encoding")).lower().split(",")
    if any(coding.strip() not in ("", "identity") for coding in codings):
        raise ProblemError(
            415,
            "unsupported-content-encoding",
            "a request body is taken as it is, without a Content-Encoding",
            headers={"Accept-Encoding": "identity"},
        )


def parse_body(model: type[M], request: Request, body: bytes) -> M:
    """The body as a model; an absent body is an empty object."""
    media_type = request.headers.get("content-type", "application/json").partition(";")[0].strip().lower()
    if body and media_type != "application/json":
        raise ProblemError(415, "unsupported-media-type", "the body must be application/json")
    if (twice := key_given_twice(body)) is not None:
        raise bad_field(twice[:MAX_NAME], _TWICE)
    try:
        return model.model_validate_json(body or b"{}")
    except ValidationError as error:
        raise invalid(error, _as_json(body)) from error


def parse_parameters(model: type[M], request: Request) -> M:
    try:
        parameters = request.query_params
    except UnicodeDecodeError as error:
        raise ProblemError(400, "invalid-input", "the query is not UTF-8") from error
    for name in parameters:
        if len(parameters.getlist(name)) > 1:
            raise bad_field(name[:MAX_NAME], _TWICE)
    try:
        return model.model_validate(dict(parameters))
    except ValidationError as error:
        raise invalid(error, dict(parameters)) from error


def _as_json(body: bytes) -> object:
    try:
        return from_json(body)
    except ValueError:
        return None


def idempotency_key(request: Request) -> str | None:
    """The `Idempotency-Key` header; required on POST."""
    key = request.headers.get("idempotency-key")
    if key is None:
        if request.method == "POST":
            raise bad_field("Idempotency-Key", "every POST needs this header", "idempotency-key-missing")
        return None
    key = key.strip().strip('"')
    if not 1 <= len(key) <= MAX_KEY_CHARS or not key.isascii() or not key.isprintable():
        raise bad_field("Idempotency-Key", f"1 to {MAX_KEY_CHARS} printable ASCII characters")
    return key


def flow_id(request: Request, name: str) -> str | None:
    """An id that a service hands on (`X-Correlation-Id`, `X-Causation-Id`). It travels as a header of every message
    that the command causes, so it must be fit for one; and it may be the id of a message, which is longer than that of
    an entity.
    """
    value = request.headers.get(name)
    if value is not None and not re.fullmatch(FLOW_ID, value):
        raise bad_field(name, f"1 to {MAX_KEY_CHARS} visible ASCII characters")
    return value
