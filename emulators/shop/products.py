"""The data set's products, as the catalog wants them."""

from collections.abc import Collection
from pathlib import Path
from typing import NamedTuple

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from emulators.feed.dataset import as_texts, data_file

_COLUMNS = ("product_id", "department", "product_category", "product_type", "brand", "package_size", "manufacturer_id")
NOT_DESCRIBED = ("UNKNOWN", "", "", "", "", "")
"""Of 17 products the data set says nothing but that they were sold; the catalog wants a department."""


class Product(NamedTuple):
    """Empty where the data set says nothing."""

    sku: str
    department: str
    category: str
    product_type: str
    brand: str
    size: str
    manufacturer: str


def products(skus: Collection[str], source: Path | None = None) -> list[Product]:
    """These products, by sku."""
    table = pq.read_table(source or data_file("products"), columns=list(_COLUMNS))
    wanted = pa.array(sorted(map(int, skus)), pa.int64())
    table = table.filter(pc.is_in(table["product_id"], value_set=wanted))
    columns = [as_texts(table[name]) for name in _COLUMNS]
    found = [Product._make(text or "" for text in row) for row in zip(*columns, strict=True)]
    missing = set(skus) - {product.sku for product in found}
    return sorted(found + [Product(sku, *NOT_DESCRIBED) for sku in missing])
