"""Whatever happens to orders, in whatever order and however late the messages are: in the end the books are right.

The stories are random: hypothesis makes them of the deeds of `stories.py`, one after the other or two at the same time,
and shrinks one that goes wrong. `make stories STORIES=500` tells that many new ones; without it they are few and
always the same.
"""

import asyncio
import os
import threading
from collections.abc import Coroutine, Iterator
from concurrent.futures import Future
from contextlib import AsyncExitStack
from typing import Any, ClassVar, TypeVar

import pytest
from hypothesis import HealthCheck, note, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, precondition, rule, run_state_machine_as_test

from tests.e2e.embedded_shop import Shop, opened
from tests.e2e.erasures import short_pause
from tests.e2e.rig import held
from tests.e2e.stories import BEGINNINGS, DEEDS, TERM, Deed, Story
from tests.e2e.story_books import contradictions
from tests.e2e.stripe_desk import StripeDesk

T = TypeVar("T")
FAULTS = "delay=0.3:700ms,duplicate=0.05,reorder=0.05"
PAUSE = 4
"""Of erasures, in seconds: longer than these faults lag."""
STORIES = int(os.environ.get("STORIES", "0"))
NUMBERS = st.integers(0, 3)


class Background:
    """A platform in a thread of its own: hypothesis waits, which a platform must not."""

    def __init__(self) -> None:
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever)
        self._stack = AsyncExitStack()
        self._thread.start()

    def run(self, work: Coroutine[Any, Any, T]) -> T:
        future: Future[T] = asyncio.run_coroutine_threadsafe(work, self._loop)
        return future.result()

    def close(self) -> None:
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()


class AnyStory(RuleBasedStateMachine):
    """One customer, one product, some orders."""

    background: ClassVar[Background]
    shop: ClassVar[Shop]

    def __init__(self) -> None:
        super().__init__()
        self.story = Story(self.shop, StripeDesk(self.shop))
        self.background.run(self.story.begin())

    @initialize(quantity=st.integers(1, 3), with_coupon=st.booleans(), deeds=st.sampled_from(BEGINNINGS))
    def first_order(self, quantity: int, *, with_coupon: bool, deeds: tuple[Deed, ...]) -> None:
        self.background.run(self.story.buy(quantity, with_coupon=with_coupon))
        for deed in deeds:
            self.background.run(self._do(deed, 0, 0))

    @precondition(lambda self: self.story.sales)
    @rule(deed=st.sampled_from(DEEDS), which=NUMBERS, number=NUMBERS)
    def one(self, deed: Deed, which: int, number: int) -> None:
        self.background.run(self._do(deed, which, number))

    @precondition(lambda self: self.story.sales)
    @rule(deed=st.sampled_from(DEEDS), other=st.sampled_from(DEEDS), which=NUMBERS, number=NUMBERS)
    def both_at_once(self, deed: Deed, other: Deed, which: int, number: int) -> None:
        self.background.run(self._together(self._do(deed, which, number), self._do(other, which, number)))

    def teardown(self) -> None:
        self.background.run(self.story.quiet())
        wrong = self.background.run(contradictions(self.story))
        for line in self.story.told:
            note(line)
        assert wrong == []

    async def _do(self, deed: Deed, which: int, number: int) -> None:
        sale = self.story.sales[which % len(self.story.sales)]
        await deed(self.story, sale, number)

    async def _together(self, *deeds: Coroutine[Any, Any, None]) -> None:
        await asyncio.gather(*deeds)


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """It outlives the stories: each has a customer, a product and a coupon of its own."""
    background, stack = Background(), AsyncExitStack()

    async def open_it() -> Shop:
        shop = await stack.enter_async_context(held(opened(tmp_path_factory.mktemp("stories"), faults=FAULTS)))
        await shop.ask("PUT", "/promotions/v1/campaigns/always", {"name": "Always", "kind": "web", **TERM})
        return shop

    with short_pause(PAUSE):
        AnyStory.background, AnyStory.shop = background, background.run(open_it())
    yield
    background.run(stack.aclose())
    background.close()


@pytest.mark.usefixtures("shop")
@pytest.mark.timeout(300 + 60 * STORIES)
def test_the_books_are_right_after_any_story() -> None:
    """Money, goods, coupons and addresses: see `story_books.py`."""
    how = settings(
        max_examples=STORIES or 4,
        stateful_step_count=12 if STORIES else 6,
        derandomize=not STORIES,
        database=None,
        deadline=None,
        suppress_health_check=list(HealthCheck),
    )
    run_state_machine_as_test(AnyStory, settings=how)
