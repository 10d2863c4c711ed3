"""Documents as paths and values, what differs between two of them, and which events made one what it is."""

from datetime import UTC, datetime
from typing import ClassVar

import pytest
from pydantic import BaseModel

from shared.eventsourcing.codec import Codec, decode_commit, encode_commit
from shared.eventsourcing.message import Commit, Context, Event
from shared.eventsourcing.projection import Projection
from shared.eventsourcing.provenance import Setter, Trace, changed_fields, flatten, provenance

AT = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)


class Put(Event):
    """So many of a thing; none takes it away, and the box with the last."""

    TYPE: ClassVar = "Put.v1"
    thing: str
    number: int


class Item(BaseModel):
    thing: str
    number: int


class Box(BaseModel):
    items: list[Item] = []
    label: str | None = None
    marks: dict[str, int] = {}


def project(box: Box | None, event: Put) -> Box | None:
    others = [item for item in (box.items if box else []) if item.thing != event.thing]
    items = [*others, Item(thing=event.thing, number=event.number)] if event.number else others
    return Box(items=items) if items else None


CODEC = Codec[Put](Put)
BOXES = Projection[Put, Box](
    category="box", collection="boxes", document_type=Box, codec=CODEC, project=project, fields=lambda _: {}
)


def commit(version: int, *put: tuple[str, int]) -> Commit:
    context = Context(
        command="Fill", command_id=f"k{version}", correlation_id="f", actor=f"pos:till-{version}", occurred_at=AT
    )
    events = CODEC.encode(Put(thing=thing, number=number) for thing, number in put)
    return decode_commit(encode_commit("box-1", version, context, events), AT)


class TestFlatten:
    def test_names_every_leaf(self) -> None:
        """Parts of objects go by their names, items of lists by their places."""
        document = {"a": {"b": 1, "c": [{"d": None}, [2, 3]]}, "e": "x"}

        assert flatten(document) == {"a.b": 1, "a.c[0].d": None, "a.c[1][0]": 2, "a.c[1][1]": 3, "e": "x"}

    def test_an_empty_list_or_object_is_a_leaf(self) -> None:
        """What holds nothing is told as such; an empty document has no fields."""
        assert flatten({"a": [], "b": {"c": {}}}) == {"a": [], "b.c": {}}
        assert flatten({}) == {}

    def test_no_two_leaves_share_a_path(self) -> None:
        """A key that could be taken for a path is quoted."""
        assert flatten({"a": {"b": 1}, "a.b": 2, "a[0]": 3, "sku-1_x": 4}) == {
            "a.b": 1,
            '["a.b"]': 2,
            '["a[0]"]': 3,
            "sku-1_x": 4,
        }


class TestChangedFields:
    def test_are_those_that_differ(self) -> None:
        """Each leaf that differs comes with its value before and after, and no other."""
        before = Box(items=[Item(thing="tea", number=1)], label="old")
        after = Box(items=[Item(thing="tea", number=2)], label="old")

        assert changed_fields(before, after) == {"items[0].number": (1, 2)}

    def test_one_that_is_not_there_is_none(self) -> None:
        """What comes has been None before, what goes is None after."""
        one = Box(items=[Item(thing="tea", number=1)])
        two = Box(items=[*one.items, Item(thing="rye", number=3)])

        assert changed_fields(one, two) == {"items[1].thing": (None, "rye"), "items[1].number": (None, 3)}
        assert changed_fields(two, one) == {"items[1].thing": ("rye", None), "items[1].number": (3, None)}

    def test_the_first_item_is_told_by_itself(self) -> None:
        """That the empty list is no more is not told besides."""
        assert set(changed_fields(Box(), Box(items=[Item(thing="tea", number=1)]))) == {
            "items[0].thing",
            "items[0].number",
        }

    def test_a_document_comes_and_goes_with_what_is_in_it(self) -> None:
        """Fields that are null or empty from the start are no change."""
        box = Box(marks={"a": 1})

        assert changed_fields(None, box) == {"marks.a": (None, 1)}
        assert changed_fields(box, None) == {"marks.a": (1, None)}
        assert changed_fields(None, None) == {}

    def test_null_and_empty_differ(self) -> None:
        """A field that is there and goes from null to a value, or back, is told."""
        assert changed_fields(Box(), Box(label="")) == {"label": (None, "")}


class TestProvenance:
    def test_names_the_events_that_set_a_field(self) -> None:
        """Each with its id, and what it did."""
        found = provenance(BOXES, [commit(1, ("tea", 1)), commit(2, ("tea", 1)), commit(3, ("tea", 4))])

        assert found["items[0].number"] == [
            Setter("box-1@1.0", "Put.v1", "Fill", "pos:till-1", AT, AT, None, 1),
            Setter("box-1@3.0", "Put.v1", "Fill", "pos:till-3", AT, AT, 1, 4),
        ]
        assert [setter.id for setter in found["items[0].thing"]] == ["box-1@1.0"]

    def test_tells_the_events_of_a_commit_apart(self) -> None:
        """Of several events in one commit each is told for what it set itself."""
        found = provenance(BOXES, [commit(1, ("tea", 1), ("rye", 2))])

        assert [setter.id for setter in found["items[1].thing"]] == ["box-1@1.1"]

    def test_knows_what_set_a_field_to_nothing(self) -> None:
        """A field that is null from the start was set by what made the document."""
        (setter,) = provenance(BOXES, [commit(1, ("tea", 1))])["label"]

        assert (setter.id, setter.before, setter.after) == ("box-1@1.0", None, None)

    def test_what_is_gone_keeps_its_history(self) -> None:
        """A field that vanished, or a whole document, is still told, with what took it away as the last."""
        found = provenance(BOXES, [commit(1, ("tea", 1)), commit(2, ("tea", 0))])

        assert [(setter.id, setter.after) for setter in found["items[0].number"]] == [
            ("box-1@1.0", 1),
            ("box-1@2.0", None),
        ]

    @pytest.mark.parametrize(
        ("field", "paths"),
        [
            ("items", {"items[0].thing", "items[0].number"}),
            ("items[0]", {"items[0].thing", "items[0].number"}),
            ("items[0].thing", {"items[0].thing"}),
            ("item", set()),
            ("label", {"label"}),
        ],
    )
    def test_can_be_asked_of_a_part(self, field: str, paths: set[str]) -> None:
        """A field limits it to itself and what lies below."""
        assert set(provenance(BOXES, [commit(1, ("tea", 1))], field=field)) == paths

    def test_the_newest_can_be_enough(self) -> None:
        """A trace with a limit forgets the oldest events of a field."""
        trace = Trace(BOXES, limit=2)
        for version in range(1, 5):
            trace.add(commit(version, ("tea", version)))

        assert [setter.after for setter in trace.setters()["items[0].number"]] == [3, 4]

    def test_ends_in_the_document(self) -> None:
        """The last value of every path is what the document shows, and every leaf of it has somebody who set it."""
        commits = [commit(1, ("tea", 1), ("rye", 2)), commit(2, ("tea", 0)), commit(3, ("oat", 5))]
        trace = Trace(BOXES)
        for each in commits:
            trace.add(each)

        assert trace.document is not None
        shown = flatten(trace.document.model_dump(mode="json"))
        last = {path: setters[-1].after for path, setters in trace.setters().items()}
        assert shown.items() <= last.items()
        assert all(last[path] is None for path in last.keys() - shown.keys())
