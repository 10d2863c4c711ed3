"""What can be asked for: the archive's tables, and the views that are made of them."""

from shared.eventsourcing.archive import DATASET as NAME
from shared.eventsourcing.archive import NEWEST, OLDEST
from shared.topology import DELIVERIES_TABLE, EVENTS_TABLE, FACTS_TABLE, Dataset, Feed, View


def _view(name: str, description: str) -> View:
    return View(name=name, description=description, sql=f"views/{name}.sql")


VIEWS = (
    _view("events_once", "Every stored event once."),
    _view("facts_once", "Every integration event once."),
    _view("products", "Products as the catalog described them last."),
    _view("sold_pieces", "What was sold and not given up, by order and product, before coupons."),
    _view("sold_discounts", "What coupons took off what was sold."),
    _view("sold_lines", "What was sold, by order and product."),
    _view("revenue_by_department_week", "Revenue by department and week."),
    _view("basket_size", "How large orders are, by week."),
    _view("coupon_effect", "Orders with a coupon beside those without."),
    _view("stock_turnover", "How fast the stock of a product is sold."),
    _view("funnel", "From the cart to the paid order, by week."),
    _view("saga_outcomes", "How checkouts and returns end, and where they turn back."),
    _view("storage_growth", "What each category's events took, by day."),
)
"""Those of facts read published contracts only: a service may change its private events without asking anybody."""


def dataset(feed: Feed) -> Dataset:
    """With a table for what Pub/Sub writes, if it does."""
    raw = (DELIVERIES_TABLE,) if feed is Feed.SUBSCRIPTION else ()
    return Dataset(
        name=NAME,
        description="The archive of all services and what a shop asks of it.",
        tables=(EVENTS_TABLE, FACTS_TABLE, *raw),
        views=VIEWS,
    )


UNPACK = f"""
INSERT INTO commerce.events (
  id, category, stream, version, index, size, type, occurred_at, recorded_at, claimed_at, command, command_id,
  correlation_id, causation_id, actor, traceparent, data
)
SELECT
  CONCAT(stream, '@', CAST(version AS STRING), '.', CAST(nth AS STRING)),
  category, stream, version, nth, size, type,
  CASE WHEN happened_at BETWEEN oldest AND newest THEN happened_at ELSE recorded_at END,
  recorded_at,
  CASE WHEN happened_at BETWEEN oldest AND newest THEN NULL ELSE happened_at END,
  command, command_id, correlation_id, causation_id, actor, traceparent, payload
FROM (
  SELECT
    *,
    TIMESTAMP_SUB(recorded_at, INTERVAL {OLDEST.days} DAY) AS oldest,
    TIMESTAMP_ADD(recorded_at, INTERVAL {NEWEST.days} DAY) AS newest
  FROM (
    SELECT
      REGEXP_EXTRACT(JSON_VALUE(data, '$.stream'), '^([^-]+)-') AS category,
      JSON_VALUE(data, '$.stream') AS stream,
      SAFE_CAST(JSON_VALUE(data, '$.version') AS INT64) AS version,
      place AS nth,
      ARRAY_LENGTH(JSON_QUERY_ARRAY(data, '$.events')) AS size,
      JSON_VALUE(event, '$.type') AS type,
      SAFE_CAST(JSON_VALUE(data, '$.occurred_at') AS TIMESTAMP) AS happened_at,
      SAFE_CAST(JSON_VALUE(attributes, '$."ce-recordedtime"') AS TIMESTAMP) AS recorded_at,
      JSON_VALUE(data, '$.command') AS command,
      JSON_VALUE(data, '$.command_id') AS command_id,
      JSON_VALUE(data, '$.correlation_id') AS correlation_id,
      JSON_VALUE(data, '$.causation_id') AS causation_id,
      JSON_VALUE(data, '$.actor') AS actor,
      JSON_VALUE(data, '$.traceparent') AS traceparent,
      JSON_QUERY(event, '$.data') AS payload
    FROM commerce.deliveries, UNNEST(JSON_QUERY_ARRAY(data, '$.events')) AS event WITH OFFSET AS place
    WHERE publish_time >= @since AND publish_time < @until
  )
)
WHERE category IS NOT NULL AND version IS NOT NULL AND type IS NOT NULL AND happened_at IS NOT NULL
  AND recorded_at IS NOT NULL AND command IS NOT NULL AND command_id IS NOT NULL AND correlation_id IS NOT NULL
  AND actor IS NOT NULL AND payload IS NOT NULL
"""  # noqa: S608 - of constants
"""From what Pub/Sub wrote to stored events, of a span of time, filed as by `filed_at`. What is no event of ours is
passed by, as one bad message must not keep the others out; it and what comes late is found missing by the sweep.
"""
