-- From the cart to the paid order. Each cart counts in one week (its Monday, UTC): that in which it was first checked out
-- or expired. Of these `carts` so many were ever `checked_out`, and of those so many `paid`, whenever that was, and
-- whether or not the order was cancelled afterwards. A checkout has its cart checked out under its own id as the flow's
-- (`correlation_id`), and its order has that id too; a till's cart that no checkout took has no order and is not paid. A
-- cart that is still open is not told of by anybody yet.
WITH steps AS (
  SELECT
    JSON_VALUE(payload, '$.cart_id') AS cart_id,
    DATE(happened_at) AS day,
    CASE WHEN type = 'commerce.cart.CartCheckedOut.v1' THEN 1 ELSE 0 END AS checked_out,
    CASE WHEN type = 'commerce.cart.CartCheckedOut.v1' THEN correlation_id END AS order_id
  FROM commerce.facts_once
  WHERE type IN ('commerce.cart.CartCheckedOut.v1', 'commerce.cart.CartExpired.v1')
),
placed AS (
  SELECT DISTINCT JSON_VALUE(payload, '$.order_id') AS order_id
  FROM commerce.facts_once
  WHERE type = 'commerce.orders.OrderPlaced.v1'
),
carts AS (
  SELECT
    steps.cart_id,
    CAST(DATE_SUB(MIN(steps.day), INTERVAL MOD(DATE_DIFF(MIN(steps.day), DATE '1970-01-05', DAY), 7) DAY) AS DATE) AS week,
    MAX(steps.checked_out) AS checked_out,
    MAX(CASE WHEN placed.order_id IS NULL THEN 0 ELSE 1 END) AS paid
  FROM steps
  LEFT JOIN placed ON placed.order_id = steps.order_id
  GROUP BY steps.cart_id
)
SELECT
  week,
  COUNT(*) AS carts,
  CAST(SUM(checked_out) AS INT64) AS checked_out,
  CAST(SUM(paid) AS INT64) AS paid
FROM carts
GROUP BY week
ORDER BY week
