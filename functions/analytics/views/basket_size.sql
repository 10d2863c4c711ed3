-- How large orders are, by week: different products, pieces and money (minor units) of an order on average.
WITH baskets AS (
  SELECT
    order_id, week, currency,
    COUNT(sku) AS products,
    SUM(quantity) AS pieces,
    SUM(gross - off) AS revenue
  FROM commerce.sold_lines
  GROUP BY order_id, week, currency
)
SELECT
  week,
  currency,
  COUNT(*) AS orders,
  ROUND(SUM(products) / COUNT(*), 2) AS products_per_order,
  ROUND(SUM(pieces) / COUNT(*), 2) AS pieces_per_order,
  ROUND(SUM(revenue) / COUNT(*), 2) AS revenue_per_order,
  CAST(MAX(revenue) AS INT64) AS largest
FROM baskets
GROUP BY week, currency
ORDER BY week, currency
