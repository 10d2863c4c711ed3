-- What orders with a coupon come to beside those without, by code; an order with two coupons counts for both. Money in
-- minor units: `off` is what this coupon took off, `revenue` what the orders were paid for all the same. Pieces that were
-- cancelled or lost count nowhere.
WITH orders AS (
  SELECT order_id, currency, SUM(quantity) AS pieces, SUM(gross - off) AS revenue
  FROM commerce.sold_lines
  GROUP BY order_id, currency
),
used AS (
  SELECT order_id, code, SUM(off) AS off
  FROM commerce.sold_discounts
  GROUP BY order_id, code
)
SELECT
  COALESCE(used.code, '(none)') AS coupon,
  orders.currency,
  COUNT(*) AS orders,
  CAST(SUM(COALESCE(used.off, 0)) AS INT64) AS off,
  CAST(SUM(orders.revenue) AS INT64) AS revenue,
  ROUND(SUM(orders.pieces) / COUNT(*), 2) AS pieces_per_order,
  ROUND(SUM(orders.revenue) / COUNT(*), 2) AS revenue_per_order
FROM orders
LEFT JOIN used ON used.order_id = orders.order_id
GROUP BY COALESCE(used.code, '(none)'), orders.currency
ORDER BY orders DESC, coupon, currency
