"""Reading requests: bodies and parameters into models, with limits and clear refusals."""

import re
from typing import Annotated, Literal, TypeVar

from pydantic import AwareDatetime, BaseModel, BeforeValidator, ConfigDict, Field, ValidationError
from starlette.requests import ClientDisconnect, Request

from shared.http.problems import ProblemError, bad_field, invalid
from shared.http.routing import ID

MAX_BODY_BYTES = 256 * 1024
MAX_KEY_CHARS = 255
M = TypeVar("M", bound=BaseModel)


def _not_a_number(value: object) -> object:
    """Numbers, also those in strings, would pass as seconds since 1970."""
    if isinstance(value, int | float) or (isinstance(value, str) and re.fullmatch(r"[\d.+-]+", value)):
        raise ValueError("must be a date and a time with a time zone, as RFC 3339 writes them")
    return value


Moment = Annotated[AwareDatetime, Field(strict=False), BeforeValidator(_not_a_number)]
"""A time in a request: RFC 3339, with its zone."""

Id = Annotated[str, Field(pattern=f"^{ID}$")]
"""The id of anything, in a request."""
Reason = Literal[
    # of customers
    "changed-mind",
    "damaged",
    "wrong-item",
    "not-as-described",
    "arrived-late",
    # of the shop's people
    "customer-request",
    "out-of-stock",
    "fraud",
    "mistake",
    "outage",
    # of the workflows
    "checkout-failed",
    "return-failed",
    "other",
]
"""Why somebody did something to what is a person's. It goes into the log for ever and on to other services, where no
erasure reaches it: so it is one of these words, and never in anybody's own.
"""
Note = Annotated[str, Field(min_length=1, max_length=200)]
"""Why somebody did something to goods, in a few words of the shop's people. It stays in the log: no persons in it."""


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


async def read_body(request: Request, limit: int = MAX_BODY_BYTES) -> bytes:
    """The body, refused with 413 as soon as it exceeds the limit, whatever its headers say."""
    chunks, size = [], 0
    try:
        async for chunk in request.stream():
            size += len(chunk)
            if size > limit:
                raise ProblemError(413, "too-large", f"a request body has at most {limit} bytes")
            chunks.append(chunk)
    except ClientDisconnect as error:
        raise ProblemError(400, "incomplete", "the request ended early") from error
    return b"".join(chunks)


def parse_body(model: type[M], request: Request, body: bytes) -> M:
    """The body as a model; an absent body is an empty object."""
    media_type = request.headers.get("content-type", "application/json").partition(";")[0].strip().lower()
    if body and media_type != "application/json":
        raise ProblemError(415, "unsupported-media-type", "the body must be application/json")
    try:
        return model.model_validate_json(body or b"{}")
    except ValidationError as error:
        raise invalid(error) from error


def parse_parameters(model: type[M], request: Request) -> M:
    try:
        parameters = request.query_params
    except UnicodeDecodeError as error:
        raise ProblemError(400, "invalid-input", "the query is not UTF-8") from error
    for name in parameters:
        if len(parameters.getlist(name)) > 1:
            raise bad_field(name, "given more than once")
    try:
        return model.model_validate(dict(parameters))
    except ValidationError as error:
        raise invalid(error) from error


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
    that the command causes, so it must be fit for one.
    """
    value = request.headers.get(name)
    if value is not None and not re.fullmatch(r"[\x21-\x7e]{1,128}", value):
        raise bad_field(name, "1 to 128 visible ASCII characters")
    return value


def expected_version(request: Request) -> int | None:
    """The version that `If-Match` names; None without the header or for `*`."""
    value = request.headers.get("if-match")
    if value is None or value.strip() == "*":
        return None
    text = value.strip().strip('"')
    if not text.isdecimal() or len(text) > 10:  # noqa: PLR2004 - versions have ten digits
        raise bad_field("If-Match", 'must be one version in quotes, such as "3"')
    return int(text)
