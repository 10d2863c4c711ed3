"""What the pricing service asks of its runtime."""

from shared.topology import Collection, IndexField, event_sourced

NAME = "pricing"
PRICE = "price"
PRICES = "prices"
QUOTES = "/quotes"

MANIFEST = event_sourced(
    NAME,
    description="Prices: what a product costs at a time, since when, and what a basket of products costs.",
    publishes="PriceChanged, for everybody.",
    categories=(PRICE,),
    post_queries=(QUOTES,),
    collections=(
        Collection(
            name=PRICES,
            description="One document per product: all its prices by the time from which they are valid.",
            indexes=((IndexField("currency"), IndexField("id")),),
        ),
    ),
)
