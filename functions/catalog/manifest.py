"""What the catalog service asks of its runtime."""

from shared.topology import (
    Collection,
    Function,
    IndexField,
    Maturity,
    Permission,
    Private,
    Schedule,
    event_sourced,
)

NAME = "catalog"
PRODUCT = "product"
IMPORT = "import"
IMPORTS = "imports"
SEARCH_BASE = "search_base"
AVAILABILITY = "/availability"

MANIFEST = event_sourced(
    NAME,
    description="Products: described, listed, delisted, searched for; imported in bulk.",
    publishes="ProductListed and ProductDelisted, for everybody.",
    categories=(PRODUCT, IMPORT),
    post_queries=(AVAILABILITY,),
    collections=(
        Collection(
            name=IMPORTS,
            description="One document per import, with its progress.",
            indexes=((IndexField("status"), IndexField("started_at", descending=True)),),
        ),
        Collection(
            name=SEARCH_BASE,
            description="What a new instance builds its search index from: all products in a few compressed chunks.",
        ),
    ),
    functions=(
        Function(
            name="reactor",
            trigger=Private(),
            permissions=(Permission.READ_EVENTS, Permission.WRITE_READ_MODELS),
            description="Writes the base of the search index when enough has changed.",
            memory=1024,
            concurrency=1,
            max_instances=1,
            timeout=540,
        ),
    ),
    schedules=(
        Schedule(
            name="catalog-search-base",
            function="reactor",
            path="/search-base",
            cron="*/10 * * * *",
            description="A new base of the search index.",
        ),
    ),
    maturity=Maturity.STATE,
)
