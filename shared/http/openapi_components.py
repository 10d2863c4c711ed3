"""What the OpenAPI documents of all services have in common: headers, problems, and the answers that the edge makes."""

from collections.abc import Iterable
from typing import Any

from shared.http.problems import MEDIA_TYPE
from shared.http.requests import MAX_BODY_BYTES, MAX_KEY_CHARS

CONVENTIONS = (
    "A command answers 202 when it is durable, with the entity's version as `ETag`; read models follow within a "
    "moment. A query given `min_version` shows at least that version. Errors are RFC 9457 problems: `code` is stable "
    "and meant for programs."
)

_VERSION = {"type": "string", "pattern": '^"[0-9]{1,10}"$', "examples": ['"3"']}
_SECONDS = {"type": "integer", "minimum": 0}

HEADERS: dict[str, dict[str, Any]] = {
    "ETag": {"description": "The entity's version, in quotes.", "schema": _VERSION},
    "Location": {
        "description": "Where the entity can be read.",
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
    "Retry-After": {"description": "Seconds after which the same request may succeed.", "schema": _SECONDS},
    "WWW-Authenticate": {"description": "`Bearer`.", "schema": {"type": "string"}},
}

_VERSIONS = {"type": "string", "pattern": r'^(\*|"?[0-9]{1,10}"?)$', "examples": ['"3"']}
_KEY = {"type": "string", "minLength": 1, "maxLength": MAX_KEY_CHARS, "pattern": "^[ -~]+$"}
_KEY_IS = (
    "Chosen by the caller, a new one for every new request. The same request with the same key is carried out once and "
    "gets the first answer, however often it is sent."
)
_FLOW_IS = (
    "For services; ignored from anybody else. Names the flow that this request belongs to; kept in the history and on "
    "every message that follows."
)
_CAUSE_IS = "For services; ignored from anybody else. Names the message that caused this request; kept in the history."


def _header(name: str, description: str, schema: dict[str, Any], *, required: bool = False) -> dict[str, Any]:
    return {"name": name, "in": "header", "required": required, "description": description, "schema": schema}


_FLOW_ID = {"type": "string", "pattern": r"^[\x21-\x7e]{1,128}$"}
PARAMETERS: dict[str, dict[str, Any]] = {
    "If-Match": _header("If-Match", "Carry out only on this version (an `ETag`); `*` for any.", _VERSIONS),
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
    "409": (
        "A rule refuses it, as `code` says. With `Retry-After` the same request may succeed: `in-flight`, `conflict`.",
        ("Retry-After",),
    ),
    "412": ("`If-Match` names another version; `ETag` is the current one. Code: `version-mismatch`.", ("ETag",)),
    "413": (f"The body has more than {MAX_BODY_BYTES} bytes. Code: `too-large`.", ()),
    "415": ("The body is not `application/json`. Code: `unsupported-media-type`.", ()),
    "422": ("The idempotency key was used for another request. Code: `idempotency-key-reused`.", ()),
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
        id={"type": "string", "description": "The event's id, such as `cart-42@7.0`. For staff."},
        type={"type": "string", "description": "The event's stored type. For staff."},
    ),
}
SCHEMAS: dict[str, dict[str, Any]] = {
    "Accepted": _object("id version", id=_TEXT, version={"type": "integer", "minimum": 1}),
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
            reason={"type": ["string", "null"], "description": "Why, if an event says so. For staff."},
            correlation_id={"type": "string", "description": "For staff."},
            causation_id={"type": ["string", "null"], "description": "For staff."},
            events={"type": "array", "description": "For staff.", "items": _STORED_EVENT},
            changes={
                "type": "object",
                "description": "Path of a field, such as `total.amount` or `lines[0].quantity` → before and after; "
                "null where there is no such field.",
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
        "responses": {f"Problem{status}": _problem(text, names) for status, (text, names) in PROBLEMS.items()},
        "securitySchemes": {"bearer": {"type": "http", "scheme": "bearer", "bearerFormat": "JWT"}},
    }


def _problem(text: str, names: Iterable[str]) -> dict[str, Any]:
    return {
        "description": text,
        "headers": headers(names),
        "content": {MEDIA_TYPE: {"schema": ref("schemas", "Problem")}},
    }
