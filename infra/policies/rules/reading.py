"""How names, durations and places are read from inputs."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any
from urllib.parse import urlsplit

from .model import Inputs, Resource, Stack

FUNCTION = "gcp:cloudfunctionsv2/function:Function"
EVENTS = "events"
KEY_VAULT = "key-vault"
DAY = 86_400


def seconds(duration: str) -> float:
    """Of Google's way to write a duration: `604800s`; nothing at all counts as 0. ValueError for anything else."""
    return float(duration.removesuffix("s")) if duration else 0.0


def last_part(path: str) -> str:
    """The name at the end of a resource's path: `dev-cart-commits` of `topics/dev-cart-commits`."""
    return path.rsplit("/", 1)[-1]


def is_called(name: str, local: str) -> bool:
    """Whether a cloud name is a local one after its environment: `dev-key-vault` or `dev_keySealer`."""
    return name == local or name.endswith((f"-{local}", f"_{local}"))


def environment_of(resource: Resource) -> str:
    """By its label, or where there is none, by the beginning of its name: `dev` of `dev-key-vault`."""
    labelled: str = resource.section("labels").get("environment", "")
    return labelled or resource.inputs.get("name", "").partition("-")[0]


def function_at(url: str, stack: Stack) -> Resource | None:
    """The function that a URL leads to: a host of Cloud Run begins with the function and the project's number."""
    name, _, number = (urlsplit(url).hostname or "").partition(".")[0].rpartition("-")
    if not number.isdigit():
        return None
    return next((each for each in stack.of(FUNCTION) if each.inputs.get("name") == name), None)


def strings(value: Any) -> Iterator[str]:
    """All texts in a value, however deep."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, Mapping):
        for key in value:
            yield from strings(value[key])
    elif isinstance(value, Sequence):
        for each in value:
            yield from strings(each)


def missing(inputs: Inputs, *names: str) -> str:
    """The names that are not set, as a list for a message; empty if all are."""
    present = tuple(inputs)
    return ", ".join(name for name in names if name not in present)
