-- What was sold, by order and product: orders that were paid and not cancelled as a whole afterwards. Pieces that were
-- cancelled from an order, or lost with a parcel, still count. `week` is the Monday (UTC).
-- Money in minor units, without tax and shipping: `gross` before coupons, `off` what they took off. What a coupon took
-- off the order as a whole stands in a row without a sku. What came back later is still a sale.
WITH orders AS (
  SELECT
    JSON_VALUE(payload, '$.order_id') AS order_id,
    JSON_VALUE(payload, '$.currency') AS currency,
    DATE(TIMESTAMP(JSON_VALUE(payload, '$.placed_at'))) AS day,
    payload
  FROM commerce.facts_once
  WHERE type = 'commerce.orders.OrderPlaced.v1'
),
cancelled AS (
  SELECT DISTINCT JSON_VALUE(payload, '$.order_id') AS order_id
  FROM commerce.facts_once
  WHERE type = 'commerce.orders.OrderCancelled.v1'
),
parts AS (
  SELECT
    order_id, currency, day,
    JSON_VALUE(line, '$.sku') AS sku,
    CAST(JSON_VALUE(line, '$.quantity') AS INT64) AS quantity,
    CAST(JSON_VALUE(line, '$.total.amount') AS INT64) AS gross,
    0 AS off
  FROM orders, UNNEST(JSON_QUERY_ARRAY(payload, '$.lines')) AS line
  UNION ALL
  SELECT
    order_id, currency, day,
    JSON_VALUE(discount, '$.sku') AS sku,
    0 AS quantity,
    0 AS gross,
    CAST(JSON_VALUE(discount, '$.amount.amount') AS INT64) AS off
  FROM orders, UNNEST(JSON_QUERY_ARRAY(payload, '$.discounts')) AS discount
)
SELECT
  parts.order_id,
  parts.currency,
  -- By arithmetic from a Monday: what WEEK(MONDAY) means differs between the engines that run this.
  CAST(DATE_SUB(parts.day, INTERVAL MOD(DATE_DIFF(parts.day, DATE '1970-01-05', DAY), 7) DAY) AS DATE) AS week,
  parts.sku,
  CAST(SUM(parts.quantity) AS INT64) AS quantity,
  CAST(SUM(parts.gross) AS INT64) AS gross,
  CAST(SUM(parts.off) AS INT64) AS off
FROM parts
LEFT JOIN cancelled ON cancelled.order_id = parts.order_id
WHERE cancelled.order_id IS NULL
GROUP BY parts.order_id, parts.currency, parts.day, parts.sku
