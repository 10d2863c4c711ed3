"""What the OpenAPI documents of all services have in common: headers, problems, and the answers that the edge makes."""

from collections.abc import Iterable
from typing import Any

from shared.eventsourcing.ids import MAX_ID_CHARS
from shared.eventsourcing.projection import MAX_FOLDED
from shared.http.conditions import BARE_VERSION
from shared.http.problems import MEDIA_TYPE
from shared.http.requests import MAX_BODY_BYTES, MAX_KEY_CHARS

CONVENTIONS = (
    "A command answers 202 when it is durable, with the entity's version as `ETag`; read models follow within a "
    "moment. A query given `min_version` shows at least that version. An id has at most "
    f"{MAX_ID_CHARS} characters; one that is made of another and would be longer ends in a hash. Conditions are those "
    "of RFC 9110: `If-Match` first, then `If-None-Match`; 401, 403 and 404 come before them, what a rule refuses (409) "
    "after them. No header, parameter or key of a body is given twice. Errors are RFC 9457 problems: `code` is stable "
    "and meant for programs."
)

_VERSION = {"type": "string", "pattern": '^"[0-9]{1,10}"$', "examples": ['"3"']}
_SECONDS = {"type": "integer", "minimum": 0}

HEADERS: dict[str, dict[str, Any]] = {
    "ETag": {"description": "The entity's version, in quotes, if it has one.", "schema": _VERSION},
    "Location": {
        "description": "Where the entity can be read, if there is one.",
        "schema": {"type": "string", "format": "uri-reference"},
    },
    "Idempotent-Replayed": {
        "description": "Present if this is the answer that an earlier request with the same key got.",
        "schema": {"type": "string", "const": "true"},
    },
    "Server-Timing": {
        "description": "Milliseconds by step, such as `append;dur=4.21, publish;dur=1.90`.",
        "schema": {"type": "string"},
    },
    "Accept-Encoding": {
        "description": "`identity`: bodies are taken as they are.",
        "schema": {"type": "string", "const": "identity"},
    },
    "Retry-After": {"description": "Seconds after which the same request may succeed.", "schema": _SECONDS},
    "WWW-Authenticate": {"description": "`Bearer`.", "schema": {"type": "string"}},
}

_TAGS = r'(W/)?"[!#-~]*"(, ?(W/)?"[!#-~]*")*'
_VERSIONS = {"type": "string", "pattern": rf"^(\*|{BARE_VERSION}|{_TAGS})$", "examples": ['"3"']}
_KEY = {"type": "string", "minLength": 1, "maxLength": MAX_KEY_CHARS, "pattern": "^[ -~]+$"}
_KEY_IS = (
    "Chosen by the caller, a new one for every new request. The same request with the same key is carried out once and "
    "gets the first answer, however often it is sent."
)
_FOR_SERVICES = f"For services: 1 to {MAX_KEY_CHARS} visible ASCII characters; ignored from anybody else."
_FLOW_IS = f"{_FOR_SERVICES} Names the flow of this request; kept in the history and on every message that follows."
_CAUSE_IS = f"{_FOR_SERVICES} Names the message that caused this request; kept in the history."


def _header(name: str, description: str, schema: dict[str, Any], *, required: bool = False) -> dict[str, Any]:
    return {"name": name, "in": "header", "required": required, "description": description, "schema": schema}


_FLOW_ID = {"type": "string"}
PARAMETERS: dict[str, dict[str, Any]] = {
    "If-Match": _header("If-Match", "Only on one of these versions (`ETag`s); `*` if there is one.", _VERSIONS),
    "If-None-Match": _header("If-None-Match", "Only on none of these versions; `*` if there is none.", _VERSIONS),
    "Idempotency-Key": _header("Idempotency-Key", _KEY_IS, _KEY, required=True),
    "Optional-Idempotency-Key": _header("Idempotency-Key", _KEY_IS, _KEY),
    "X-Correlation-Id": _header("X-Correlation-Id", _FLOW_IS, _FLOW_ID),
    "X-Causation-Id": _header("X-Causation-Id", _CAUSE_IS, _FLOW_ID),
}

PROBLEMS: dict[str, tuple[str, tuple[str, ...]]] = {
    "400": ("The input is wrong; `errors` names the fields. Codes: `invalid-input`, `idempotency-key-missing`.", ()),
    "401": ("No good bearer token. Code: `unauthorized`.", ("WWW-Authenticate",)),
    "403": ("Not with this caller's roles. Codes: `forbidden`, `field-reserved`.", ()),
    "404": ("There is no such thing, or it is not yours.", ()),
    "408": ("The body did not arrive in time. Code: `incomplete`.", ()),
    "409": (
        "A rule refuses it, as `code` says. With `Retry-After` the same request may succeed: `in-flight`, `conflict`.",
        ("Retry-After",),
    ),
    "412": (
        "The condition or `min_version` that `errors` names does not hold for `ETag`. Code: `version-mismatch`.",
        ("ETag",),
    ),
    "413": (f"The body has more than {MAX_BODY_BYTES} bytes. Code: `too-large`.", ()),
    "414": ("The request line is too long. Code: `uri-too-long`.", ()),
    "415": (
        "Not `application/json`, or compressed. Codes: `unsupported-media-type`, `unsupported-content-encoding`.",
        ("Accept-Encoding",),
    ),
    "422": (
        "The key was used for another request: `idempotency-key-reused`. A query asks too much: `too-many-commits`.",
        (),
    ),
    "431": ("A header is too long, or there are too many. Codes: `header-too-long`, `too-many-headers`.", ()),
    "500": ("A fault of the service. Code: `internal-error`.", ()),
    "503": (
        "A dependency is down or slow; it may have happened: repeat it with the same key. Code: `unavailable`.",
        ("Retry-After",),
    ),
}
"""Status → what it means, and the headers that come with it."""


def ref(kind: str, name: str) -> dict[str, str]:
    return {"$ref": f"#/components/{kind}/{name}"}


def _object(required: str, **properties: dict[str, Any]) -> dict[str, Any]:
    return {"type": "object", "required": required.split(), "properties": properties}


_TEXT = {"type": "string"}
_TIME = {"type": "string", "format": "date-time"}
_STORED_EVENT = _object("type data", type=_TEXT, data={"type": "object"})
_COMMIT: dict[str, dict[str, Any]] = {
    "version": {"type": "integer", "minimum": 1, "description": "The entity's version since then."},
    "command": _TEXT,
    "actor": {"type": "string", "description": "Who, such as `customer:900`; only the role, to customers."},
    "occurred_at": {**_TIME, "description": "Business time."},
    "recorded_at": {**_TIME, "description": "The log's own time."},
}
_SETTER = {
    "description": "An event that set the field.",
    **_object(
        "version command actor occurred_at recorded_at before after",
        **_COMMIT,
        before={"description": "Null if the field was not there."},
        after={"description": "Null if the field is there no more."},
        id={"type": "string", "description": "The event's id, such as `cart-42@7.0`. For operators."},
        type={"type": "string", "description": "The event's stored type. For operators."},
    ),
}
SCHEMAS: dict[str, dict[str, Any]] = {
    "Accepted": _object(
        "id",
        id=_TEXT,
        version={
            "type": "integer",
            "minimum": 1,
            "description": "The entity's; left out if there is no such entity, or the command was about others only.",
        },
    ),
    "Problem": _object(
        "type title status detail code",
        type={"type": "string", "format": "uri"},
        title=_TEXT,
        status={"type": "integer", "minimum": 400, "maximum": 599},
        detail={"type": "string", "description": "For people."},
        code={"type": "string", "description": "For programs; stable."},
        errors={"type": "array", "items": _object("field message", field=_TEXT, message=_TEXT)},
    ),
    "HistoryEntry": {
        "description": "One accepted command.",
        **_object(
            "version command actor occurred_at recorded_at changes",
            **_COMMIT,
            reason={"type": ["string", "null"], "description": "Why, if an event says so. For operators."},
            correlation_id={"type": "string", "description": "For operators."},
            causation_id={"type": ["string", "null"], "description": "For operators."},
            events={"type": "array", "description": "For operators.", "items": _STORED_EVENT},
            changes={
                "type": ["object", "null"],
                "description": "Path of a field, such as `total.amount` or `lines[0].quantity` → before and after; "
                f"null where there is no such field. Null as a whole on a page that begins behind {MAX_FOLDED}.",
                "additionalProperties": {"type": "array", "minItems": 2, "maxItems": 2},
            },
        ),
    },
    "Provenance": _object(
        "version fields",
        version={"type": "integer", "minimum": 1, "description": "The entity's version up to which was looked."},
        fields={
            "type": "object",
            "description": "Path of a field, such as `total.amount` or `lines[0].quantity` → the events that set it, "
            "oldest first. A field that is there no more keeps its path.",
            "additionalProperties": {"type": "array", "items": ref("schemas", "Setter")},
        },
    ),
    "Setter": _SETTER,
}


def headers(names: Iterable[str]) -> dict[str, Any]:
    """References to these headers, and to the one that any answer may have."""
    return {name: ref("headers", name) for name in (*names, "Server-Timing")}


def problems(statuses: Iterable[str]) -> dict[str, Any]:
    """References to the problems with these statuses."""
    return {status: ref("responses", f"Problem{status}") for status in statuses}


def components(schemas: dict[str, Any]) -> dict[str, Any]:
    """The document's `components`, with the service's own schemas."""
    return {
        "schemas": {**schemas, **SCHEMAS},
        "headers": HEADERS,
        "parameters": PARAMETERS,
        "responses": {
            **{f"Problem{status}": _problem(text, names) for status, (text, names) in PROBLEMS.items()},
            "NotModified": {
                "description": "`If-None-Match` names the version that there is, so it is not sent again.",
                "headers": headers(["ETag"]),
            },
        },
        "securitySchemes": {"bearer": {"type": "http", "scheme": "bearer", "bearerFormat": "JWT"}},
    }


def _problem(text: str, names: Iterable[str]) -> dict[str, Any]:
    return {
        "description": text,
        "headers": headers(names),
        "content": {MEDIA_TYPE: {"schema": ref("schemas", "Problem")}},
    }
