"""What is wrong with an input, in the words of HTTP and JSON: nothing of the models that read it."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from shared.http.problems import MAX_NAME, ProblemError

_MAX_ERRORS = 20
Place = tuple[str | int, ...]


@dataclass(frozen=True, slots=True)
class _Fault:
    """`kind` says that one of several kinds of value that are possible at `place` is not the one that was given,
    `short` that too few values there are right: both say nothing new where one of those values has a fault of its own.
    """

    place: Place
    message: str
    kind: bool
    short: bool = False

    @property
    def field(self) -> str:
        return ".".join(map(str, self.place))[:MAX_NAME] or "body"


def invalid(error: ValidationError, given: object) -> ProblemError:
    """The input `given` does not fit its model: every field at fault is named, up to a number that nobody reads any
    more.
    """
    details = error.errors(include_url=False, include_input=False)
    faults = _fitting([_fault(detail, given) for detail in details])[:_MAX_ERRORS]
    errors = [(fault.field, fault.message) for fault in faults]
    detail = "; ".join(f"{field}: {message}" for field, message in errors)
    return ProblemError(400, "invalid-input", detail, errors=errors)


def _fitting(faults: Sequence[_Fault]) -> list[_Fault]:
    """Where several kinds of value are possible, what is wrong with the kind that was given; if it is none of them,
    that is one fault.
    """
    deeper = [fault.place for fault in faults if not (fault.kind or fault.short)]
    found: dict[Place, _Fault] = {}
    others: list[_Fault] = []
    for fault in faults:
        if (fault.kind or fault.short) and any(place[: len(fault.place)] == fault.place for place in deeper):
            continue
        if not fault.kind:
            others.append(fault)
        else:
            before = found.get(fault.place)
            message = (
                f"{before.message} or {fault.message.removeprefix('Input should be ')}" if before else fault.message
            )
            found[fault.place] = _Fault(fault.place, message, kind=True)
    return [*others, *found.values()]


def _fault(detail: ErrorDetails, given: object) -> _Fault:
    place, tagged = _place(detail, given)
    context = detail.get("ctx", {})
    if "discriminator" in context:
        place = (*place, str(context["discriminator"]).strip("'"))
    kind = tagged and detail["type"].endswith("_type")
    return _Fault(place, _message(detail, context), kind=kind, short=detail["type"] == "too_short")


def _place(detail: ErrorDetails, given: object) -> tuple[Place, bool]:
    """Where in the input the fault is. What a location names beside that (`tagged`) is the model's: which of several
    kinds of value was tried.
    """
    place: list[str | int] = []
    tagged = False
    for number, step in enumerate(detail["loc"], start=1):
        inside = _inside(given, step)
        tagged = not inside
        if inside:
            given = given[step]  # type: ignore[index] # `_inside` has looked
        if inside or (detail["type"] == "missing" and number == len(detail["loc"])):
            place.append(step)
    return tuple(place), tagged


def _inside(given: object, step: str | int) -> bool:
    if isinstance(given, Mapping):
        return step in given
    return isinstance(given, list) and isinstance(step, int) and step < len(given)


_COUNTED = {"too_long": ("at most", "max_length"), "too_short": ("at least", "min_length")}
_SAID: dict[str, Callable[[Mapping[str, Any]], str]] = {
    "value_error": lambda context: str(context["error"]),
    "union_tag_invalid": lambda context: f"Input should be one of {context['expected_tags']}",
    "union_tag_not_found": lambda _: "Field required",
    "none_required": lambda _: "Input should be null",
    "datetime_object_invalid": lambda _: "Input should be a valid datetime",
    **dict.fromkeys(
        ("model_type", "model_attributes_type", "dataclass_type", "dict_type", "mapping_type"),
        lambda _: "Input should be an object",
    ),
    **dict.fromkeys(
        ("tuple_type", "list_type", "set_type", "frozen_set_type", "iterable_type"),
        lambda _: "Input should be an array",
    ),
}
"""What the models' library says of these is about Python."""


def _message(detail: ErrorDetails, context: Mapping[str, Any]) -> str:
    kind = detail["type"]
    if said := _SAID.get(kind):
        return said(context)
    if counted := _COUNTED.get(kind):
        bound, number = counted[0], context[counted[1]]
        return f"Input should have {bound} {number} item{'s' * (number != 1)}, not {context['actual_length']}"
    return detail["msg"]
