"""Every stored shape that was ever released folds to the same state and the same documents, for ever."""

import re
from collections.abc import Mapping
from functools import cache
from typing import Any

import pytest
from jsonschema import Draft202012Validator
from pydantic_core import from_json, to_json

from emulators.contracts import FOLDER as SCHEMAS
from shared.eventsourcing.codec import Codec
from shared.eventsourcing.message import category_of
from tests.replay.departures import DEPARTURES
from tests.replay.samples import FOLDER, Sample, categories, leaves, samples

SAMPLES = {str(sample.file.relative_to(FOLDER)): sample for sample in samples()}


@pytest.fixture(params=SAMPLES)
def sample(request: pytest.FixtureRequest) -> Sample:
    return SAMPLES[request.param]


@pytest.fixture(params=[path for path, each in SAMPLES.items() if each.category.decider.keeps_state])
def kept(request: pytest.FixtureRequest) -> Sample:
    """Of a category whose states are kept instead of folded."""
    return SAMPLES[request.param]


@cache
def stored_schema(service: str, type_name: str) -> Draft202012Validator:
    schema = from_json((SCHEMAS / "stored" / service / f"{type_name}.json").read_bytes())
    return Draft202012Validator(schema, format_checker=Draft202012Validator.FORMAT_CHECKER)


def differing(where: str, expected: Any, actual: Any) -> dict[str, tuple[Any, Any]]:
    """Path → (expected, actual) of the leaves that differ and have no reason to."""
    given_up = [re.compile(pattern) for pattern in DEPARTURES.get(where, {})]
    was, now = leaves(expected), leaves(actual)
    return {
        path: (was.get(path), now.get(path))
        for path in was.keys() | now.keys()
        if (path in was, was.get(path)) != (path in now, now.get(path))
        and not any(pattern.fullmatch(path) for pattern in given_up)
    }


def test_folds_to_the_same_state(sample: Sample) -> None:
    """The state of a stream is what it was when the sample was taken."""
    name, category = sample.file.parent.name, sample.category

    assert differing(f"{name}.state", sample.content["state"], category.state(sample.commits)) == {}


def test_makes_the_same_documents(sample: Sample) -> None:
    """Each read model of a stream shows what it showed when the sample was taken; one that came later may show more."""
    name, now = sample.file.parent.name, sample.category.documents(sample.commits)

    differences = {
        collection: differing(f"{name}.{collection}", document, now.get(collection))
        for collection, document in sample.content["documents"].items()
    }

    assert not any(differences.values()), differences


def test_a_kept_state_is_still_understood(kept: Sample) -> None:
    """A state that was stored when the sample was taken is loaded as the state that the fold gives now."""
    decider = kept.category.decider

    stored = decider.load_state(to_json(kept.content["state"]))

    assert stored == decider.fold(decider.initial_state(), kept.commits)


def test_is_a_stream_as_the_log_holds_it(sample: Sample) -> None:
    """Commits of one stream without a gap, and events of the shapes that were promised under their names."""
    commits, service = sample.commits, sample.category.service

    assert {category_of(commit.stream) for commit in commits} == {sample.file.parent.name}
    assert len({commit.stream for commit in commits}) == 1
    assert [commit.version for commit in commits] == list(range(1, len(commits) + 1))
    for event in (event for commit in commits for event in commit.events):
        stored_schema(service, event.type).validate(event.data)


@pytest.mark.parametrize("category", categories())
def test_every_released_shape_has_a_sample(category: str) -> None:
    """Every type name that a codec can decode, those of earlier versions included, lies in some sample."""
    codec: Codec[Any] = categories()[category].decider.codec
    held = {name for each in SAMPLES.values() if each.file.parent.name == category for name in each.types}

    assert sorted(codec.types - held) == []


class TestTheComparison:
    def test_tells_what_differs(self) -> None:
        """A leaf of another value, one that is missing and one that is new are told by their paths."""
        was: Mapping[str, Any] = {"a": {"b": 1, "c": 2}, "d": [1]}
        now: Mapping[str, Any] = {"a": {"b": 3}, "d": [1, None]}

        assert differing("shop.state", was, now) == {"a.b": (1, 3), "a.c": (2, None), "d[1]": (None, None)}
        assert differing("shop.state", was, None).keys() == {"a.b", "a.c", "d[0]", ""}

    def test_leaves_out_what_was_given_up(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """A path that has a reason to differ is not compared, and only where it says so."""
        monkeypatch.setitem(DEPARTURES, "shop.state", {r"lines\[\d+\]\.total": "prices have moved"})
        was, now = {"lines": [{"total": 1, "sku": "x"}]}, {"lines": [{"sku": "x"}]}

        assert differing("shop.state", was, now) == {}
        assert differing("shop.carts", was, now) == {"lines[0].total": (1, None)}
