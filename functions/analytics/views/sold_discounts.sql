-- What each coupon took off what was sold, by order and product; what it took off the order as a whole has no sku. A
-- coupon counts only for what was not cancelled or lost, in proportion: to the pieces of its product, or to what the
-- goods of the order cost. Money in minor units.
WITH discounts AS (
  SELECT
    JSON_VALUE(payload, '$.order_id') AS order_id,
    JSON_VALUE(discount, '$.code') AS code,
    JSON_VALUE(discount, '$.sku') AS sku,
    CAST(JSON_VALUE(discount, '$.amount.amount') AS INT64) AS off
  FROM commerce.facts_once, UNNEST(JSON_QUERY_ARRAY(payload, '$.discounts')) AS discount
  WHERE type = 'commerce.orders.OrderPlaced.v1'
),
shares AS (
  SELECT order_id, currency, week, sku, quantity AS kept, ordered AS whole
  FROM commerce.sold_pieces
  UNION ALL
  SELECT order_id, currency, week, NULL AS sku, SUM(gross) AS kept, SUM(whole) AS whole
  FROM commerce.sold_pieces
  GROUP BY order_id, currency, week
)
SELECT
  shares.order_id,
  shares.currency,
  shares.week,
  discounts.code,
  discounts.sku,
  CAST(SUM(discounts.off - DIV(discounts.off * (shares.whole - shares.kept), NULLIF(shares.whole, 0))) AS INT64) AS off
FROM discounts
JOIN shares ON shares.order_id = discounts.order_id AND COALESCE(shares.sku, '') = COALESCE(discounts.sku, '')
WHERE shares.kept > 0
GROUP BY shares.order_id, shares.currency, shares.week, discounts.code, discounts.sku
