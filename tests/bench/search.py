"""Full text search over every product of the data set: what the engine takes for a page, built and warm."""

import random
from time import perf_counter

import pyarrow.parquet as pq

from emulators.feed.dataset import as_texts, data_file
from emulators.shop.products import Product, products
from functions.catalog.adapters.sqlite import SqliteSearchIndex
from functions.catalog.search import Description, Entry, Search, asked_words, words_of
from tests.bench.figures import Figure, Result, Target, timed
from tests.bench.surroundings import Surroundings

_SEARCHES = 2000
_SEED = 7
_PAGE = 50


async def run(around: Surroundings) -> Result:
    """One or two words of a product that exists, every other time cut to a prefix; a third of them in a department."""
    texts = as_texts(pq.read_table(data_file("products"), columns=["product_id"])["product_id"])
    found = products([text for text in texts if text])[: around.sized(100_000, 2_000)]
    index = SqliteSearchIndex()
    began = perf_counter()
    await index.put([_entry(product) for product in found])
    built = (perf_counter() - began) * 1000
    taken, hits = [], 0
    for search in _searches(found, around.sized(_SEARCHES, 20)):
        began = perf_counter()
        page = await index.search(search)
        taken.append((perf_counter() - began) * 1000)
        hits += bool(page)
    return Result(
        title=f"Search over {len(found):,} products",
        figures=[
            timed(f"a page of {_PAGE}", taken, target=Target(100, p95=True)),
            Figure(name="building the index from descriptions", unit="ms", value=built),
        ],
        notes=[f"{hits} of {len(taken)} searches found something"],
    )


def _entry(product: Product) -> Entry:
    described = Description(product.department, product.category, product.product_type, product.brand, product.size)
    return Entry(product.sku, 1, product.manufacturer, described)


def _searches(known: list[Product], count: int) -> list[Search]:
    chance = random.Random(_SEED)  # noqa: S311 - the same searches in every run
    return [_search(chance, chance.choice(known)) for _ in range(count)]


def _search(chance: random.Random, product: Product) -> Search:
    words = words_of(f"{product.product_type} {product.category}") or ("milk",)
    chosen = chance.sample(words, min(len(words), chance.randint(1, 2)))
    if chance.random() < 0.5:
        chosen[-1] = chosen[-1][: chance.randint(2, 5)]
    department = product.department if chance.random() < 1 / 3 else None
    return Search(words=asked_words(" ".join(chosen)), department=department, limit=_PAGE)
