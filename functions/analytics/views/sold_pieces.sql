-- What was sold and not given up, by order and product: the pieces of paid orders, less those that were cancelled or lost
-- with a parcel, also if it turned up: its money is back. What came back later is still a sale. `week` is the Monday (UTC). Money in minor units, before coupons
-- and without tax and shipping: `gross` is what the `quantity` pieces cost, `whole` what all `ordered` of them did.
WITH given_up AS (
  SELECT
    JSON_VALUE(payload, '$.order_id') AS order_id,
    JSON_VALUE(line, '$.sku') AS sku,
    SUM(CAST(JSON_VALUE(line, '$.quantity') AS INT64)) AS quantity
  FROM commerce.facts_once, UNNEST(JSON_QUERY_ARRAY(payload, '$.lines')) AS line
  WHERE type IN ('commerce.orders.OrderLinesCancelled.v1', 'commerce.orders.OrderShipmentLost.v1')
  GROUP BY JSON_VALUE(payload, '$.order_id'), JSON_VALUE(line, '$.sku')
),
cancelled AS (
  SELECT DISTINCT JSON_VALUE(payload, '$.order_id') AS order_id
  FROM commerce.facts_once
  WHERE type = 'commerce.orders.OrderCancelled.v1'
),
placed AS (
  SELECT
    JSON_VALUE(payload, '$.order_id') AS order_id,
    JSON_VALUE(payload, '$.currency') AS currency,
    DATE(TIMESTAMP(JSON_VALUE(payload, '$.placed_at'))) AS day,
    JSON_VALUE(line, '$.sku') AS sku,
    CAST(JSON_VALUE(line, '$.quantity') AS INT64) AS ordered,
    CAST(JSON_VALUE(line, '$.total.amount') AS INT64) AS whole
  FROM commerce.facts_once, UNNEST(JSON_QUERY_ARRAY(payload, '$.lines')) AS line
  WHERE type = 'commerce.orders.OrderPlaced.v1'
),
sold AS (
  SELECT placed.*, placed.ordered - COALESCE(given_up.quantity, 0) AS quantity
  FROM placed
  LEFT JOIN given_up ON given_up.order_id = placed.order_id AND given_up.sku = placed.sku
  LEFT JOIN cancelled ON cancelled.order_id = placed.order_id
  WHERE cancelled.order_id IS NULL
)
SELECT
  order_id,
  currency,
  -- By arithmetic from a Monday: what WEEK(MONDAY) means differs between the engines that run this.
  CAST(DATE_SUB(day, INTERVAL MOD(DATE_DIFF(day, DATE '1970-01-05', DAY), 7) DAY) AS DATE) AS week,
  sku,
  CAST(ordered AS INT64) AS ordered,
  CAST(quantity AS INT64) AS quantity,
  CAST(whole AS INT64) AS whole,
  -- Of the pieces that were given up rounded down, as orders refund them: the rest is what was sold.
  CAST(whole - DIV(whole * (ordered - quantity), ordered) AS INT64) AS gross
FROM sold
