"""A stored or published shape never changes under the same version: what counts as a change, who refuses it, and the
proof from the repository's history. The samples of `tests/replay` are kept by the same search.
"""

import json
import os
import subprocess
from collections.abc import Sequence
from copy import deepcopy
from dataclasses import replace
from pathlib import Path
from typing import Any, ClassVar

import pytest
from pydantic import BaseModel, ConfigDict

from emulators import contracts
from emulators.contracts import BrokenPromiseError, Composed
from emulators.settings import ROOT
from shared.contracts.promises import PROMISES, drift, render, shape
from shared.eventsourcing.codec import Codec
from shared.eventsourcing.message import Event
from shared.http.json_schema import json_schema

PATH = "stored/shop/Sold.v1.json"
SAMPLES = "tests/replay/samples"


class Price(BaseModel):
    model_config = ConfigDict(extra="forbid")
    cents: int


class Sold(Event):
    """Something was sold."""

    TYPE: ClassVar = "Sold.v1"
    sku: str
    quantity: int
    price: Price | None


PROMISED = json_schema(Sold, "serialization", Sold.TYPE)


def changed(model: type[BaseModel]) -> dict[str, Any]:
    return json_schema(model, "serialization", "Sold.v1")


class WithOptionalField(Sold):
    note: str | None = None


class WithAnotherType(Sold):
    quantity: str  # type: ignore[assignment] # that is the planted fault


class WithALimit(BaseModel):
    model_config = ConfigDict(extra="forbid", json_schema_extra=lambda s: s["properties"]["quantity"].update(minimum=1))
    sku: str
    quantity: int
    price: Price | None


class WithoutAField(BaseModel):
    model_config = ConfigDict(extra="forbid")
    sku: str
    price: Price | None


class NullNoMore(Sold):
    price: Price


class OpenToMore(Sold):
    model_config = ConfigDict(extra="ignore")


class InnerPrice(BaseModel):
    model_config = ConfigDict(extra="forbid")
    cents: int
    currency: str


class WithAnotherPart(Sold):
    price: InnerPrice | None  # type: ignore[assignment] # that is the planted fault


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder of documents that holds one promise."""
    file = tmp_path / PATH
    file.parent.mkdir(parents=True)
    file.write_bytes(render(PROMISED))
    return tmp_path


class TestAChangedShape:
    @pytest.mark.parametrize(
        ("model", "place"),
        [
            (WithOptionalField, "note"),
            (WithAnotherType, "quantity.type"),
            (WithALimit, "quantity.minimum"),
            (WithoutAField, "quantity"),
            (NullNoMore, "price"),
            (OpenToMore, "additionalProperties"),
            (WithAnotherPart, "price"),
        ],
    )
    def test_is_refused_and_named(self, folder: Path, model: type[BaseModel], place: str) -> None:
        """A new, removed or changed field, at any depth and also an optional one, needs a new version."""
        (line,) = drift(folder, {PATH: changed(model)})

        assert line.startswith(f"{PATH} was promised in another shape (")
        assert place in line

    @pytest.mark.parametrize("path", ["events/shop/Sold.v1.json", "stored/shop/Sold.v1.json"])
    def test_is_refused_for_what_is_stored_and_what_is_published(self, tmp_path: Path, path: str) -> None:
        """Both kinds are promises."""
        (tmp_path / path).parent.mkdir(parents=True)
        (tmp_path / path).write_bytes(render(PROMISED))

        assert len(drift(tmp_path, {path: changed(WithOptionalField)})) == 1


class TestTheSameShape:
    def test_does_not_depend_on_words(self, folder: Path) -> None:
        """A better docstring, another title or example change nothing for who reads the event."""
        reworded = {**PROMISED, "description": "It was sold.", "title": "X", "examples": [{"sku": "milk"}]}

        assert drift(folder, {PATH: reworded}) == []

    def test_does_not_depend_on_class_names(self, folder: Path) -> None:
        """A renamed class is the same promise."""
        text = render(PROMISED).decode().replace("Price", "Amount")
        renamed = json.loads(text)

        assert drift(folder, {PATH: renamed}) == []

    def test_does_not_depend_on_order(self, folder: Path) -> None:
        """JSON objects have no order, and neither have alternatives."""
        turned = deepcopy(PROMISED)
        turned["required"].reverse()
        turned["properties"]["price"]["anyOf"].reverse()
        turned["properties"] = dict(reversed(turned["properties"].items()))

        assert drift(folder, {PATH: turned}) == []

    def test_keeps_fields_that_are_called_like_keywords(self) -> None:
        """A field may be called `title` or `description`; it is part of the shape."""
        document = {"type": "object", "properties": {"title": {"type": "string", "title": "Title"}}}

        assert shape(document) == {"type": "object", "properties": {"title": {"type": "string"}}}

    def test_may_contain_itself(self) -> None:
        """A tree has a shape too."""
        node = {"type": "object", "properties": {"children": {"type": "array", "items": {"$ref": "#/$defs/Node"}}}}

        inner = shape({"$defs": {"Node": node}, "$ref": "#/$defs/Node"})["properties"]["children"]["items"]

        assert inner == {"recursion": 1}


class TestOtherDocuments:
    def test_a_missing_one_is_told(self, tmp_path: Path) -> None:
        """What was never written is missing, promise or not."""
        assert drift(tmp_path, {PATH: PROMISED}) == [f"{PATH} is missing"]

    def test_any_difference_is_told(self, tmp_path: Path) -> None:
        """A document that is no promise is compared to the letter."""
        (tmp_path / "queries").mkdir()
        (tmp_path / "queries/View.json").write_bytes(render(PROMISED))

        assert drift(tmp_path, {"queries/View.json": {**PROMISED, "description": "It was sold."}}) == [
            "queries/View.json differs from the code"
        ]

    def test_one_without_code_is_told_unless_it_is_a_promise(self, folder: Path) -> None:
        """Promises outlive their code; everything else goes with it."""
        (folder / "queries").mkdir()
        (folder / "queries/Gone.json").write_bytes(b"{}")

        assert drift(folder, {}) == ["queries/Gone.json has no code behind it"]


class TestWriting:
    @pytest.fixture
    def cart(self) -> Composed:
        return next(service for service in contracts.services() if service.manifest.name == "cart")

    def test_brings_a_folder_up_to_date(self, tmp_path: Path, cart: Composed) -> None:
        """After writing all is true, and writing again changes nothing."""
        assert contracts.write([cart], tmp_path)
        assert contracts.check([cart], tmp_path) == []
        assert contracts.write([cart], tmp_path) == []

    def test_removes_what_has_no_code_behind_it(self, tmp_path: Path, cart: Composed) -> None:
        """A view that is gone takes its document along; an old promise stays."""
        contracts.write([cart], tmp_path)
        for path in ("queries/cart/Gone.json", "events/cart/Gone.v1.json"):
            (tmp_path / path).write_bytes(b"{}")

        assert contracts.write([cart], tmp_path) == ["queries/cart/Gone.json"]
        assert (tmp_path / "events/cart/Gone.v1.json").exists()

    def test_refuses_to_break_a_promise_and_writes_nothing(self, tmp_path: Path, cart: Composed) -> None:
        """With one promise in the way nothing is written, not even what would have been right."""
        contracts.write([cart], tmp_path)
        promise, view = tmp_path / "events/cart/CartExpired.v1.json", tmp_path / "queries/cart/CartView.json"
        promise.write_bytes(promise.read_bytes().replace(b'"customer_id"', b'"customer"'))
        view.unlink()
        before = promise.read_bytes()

        with pytest.raises(BrokenPromiseError, match=r"events/cart/CartExpired\.v1\.json .*new version"):
            contracts.write([cart], tmp_path)

        assert promise.read_bytes() == before
        assert not view.exists()

    def test_a_stored_shape_that_nothing_reads_any_more_is_told(self, tmp_path: Path, cart: Composed) -> None:
        """An event that lost its class and has no upcaster would make old streams unreadable."""
        contracts.write([cart], tmp_path)
        (carts,) = cart.aggregates
        fewer = replace(carts.decider, codec=Codec[Event](carts.decider.codec.classes[0]))

        forgotten = contracts.check([replace(cart, aggregates=(replace(carts, decider=fewer),))], tmp_path)

        assert "stored/cart/CartCleared.v1.json: CartCleared.v1 has neither class nor upcaster" in forgotten


class TestHistory:
    def test_no_promise_was_ever_edited(self) -> None:
        """In no commit, and not in the working tree either, was a promise or a sample changed or removed after it was
        made.
        """
        if not (ROOT / ".git").exists():
            pytest.skip("this tree was exported without its history")

        assert edited(ROOT) == []
        if git(ROOT, "rev-parse", "--is-shallow-repository") == ["true"]:
            pytest.skip("true of the part of the history that this shallow clone has")

    @pytest.mark.parametrize("path", [f"schemas/{PATH}", f"{SAMPLES}/shop/Sold.v1.json"])
    @pytest.mark.parametrize("committed", [True, False])
    @pytest.mark.parametrize("removed", [True, False])
    def test_an_edit_is_found(self, tmp_path: Path, path: str, *, committed: bool, removed: bool) -> None:
        """The search finds a changed and a removed promise, committed or not yet; additions are welcome."""
        promise = tmp_path / path
        promise.parent.mkdir(parents=True)
        git(tmp_path, "init", "--quiet")
        for number, name in enumerate(["Sold.v1.json", "Sold.v2.json"]):
            (promise.parent / name).write_text(f"{number}")
            commit(tmp_path)
        assert edited(tmp_path) == []

        if removed:
            promise.unlink()
        else:
            promise.write_text("another")
        if committed:
            commit(tmp_path)

        assert edited(tmp_path) == [path]


def edited(repository: Path) -> list[str]:
    """Promises and samples that were changed or removed after the commit that added them, by path."""
    if not git(repository, "rev-parse", "--quiet", "--verify", "HEAD", may_fail=True):
        return []
    what = ("--diff-filter=MD", "--no-renames", "--name-only", "--relative")
    where = ("--", *(f"schemas/{folder}" for folder in PROMISES), SAMPLES)
    committed = git(repository, "log", "-m", "--format=", *what, "HEAD", *where)
    return sorted({*committed, *git(repository, "diff", *what, "HEAD", *where)})


def commit(repository: Path) -> None:
    git(repository, "add", "--all")
    who = ("-c", "user.name=t", "-c", "user.email=t@example.org")
    nothing_else = ("-c", "commit.gpgsign=false", "-c", "core.hooksPath=/dev/null")
    git(repository, *who, *nothing_else, "commit", "--quiet", "--message", "x")


def git(repository: Path, *arguments: str, may_fail: bool = False) -> Sequence[str]:
    """The lines it printed; `GIT_DIR` and the like of a hook that runs the tests are not for this repository."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith("GIT_")}
    done = subprocess.run(
        ["git", *arguments], cwd=repository, env=environment, capture_output=True, text=True, check=False
    )
    assert may_fail or done.returncode == 0, done.stderr
    return [line for line in done.stdout.splitlines() if line]
