-- What was sold, by order and product: pieces of paid orders that were neither cancelled nor lost with a parcel. `week` is
-- the Monday (UTC). Money in minor units, without tax and shipping: `gross` before coupons, `off` what they took off. What
-- a coupon took off the order as a whole stands in a row without a sku. What came back later is still a sale.
WITH parts AS (
  SELECT order_id, currency, week, sku, quantity, gross, 0 AS off
  FROM commerce.sold_pieces
  WHERE quantity > 0
  UNION ALL
  SELECT order_id, currency, week, sku, 0 AS quantity, 0 AS gross, off
  FROM commerce.sold_discounts
)
SELECT
  order_id,
  currency,
  week,
  sku,
  CAST(SUM(quantity) AS INT64) AS quantity,
  CAST(SUM(gross) AS INT64) AS gross,
  CAST(SUM(off) AS INT64) AS off
FROM parts
GROUP BY order_id, currency, week, sku
