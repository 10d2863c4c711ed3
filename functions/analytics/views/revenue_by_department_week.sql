-- What was sold, by week (its Monday, UTC) and department. Money in minor units: `revenue` = `gross` - `off`.
SELECT
  sold.week,
  COALESCE(products.department, '(none)') AS department,
  sold.currency,
  COUNT(DISTINCT sold.order_id) AS orders,
  CAST(SUM(sold.quantity) AS INT64) AS quantity,
  CAST(SUM(sold.gross) AS INT64) AS gross,
  CAST(SUM(sold.off) AS INT64) AS off,
  CAST(SUM(sold.gross - sold.off) AS INT64) AS revenue
FROM commerce.sold_lines AS sold
LEFT JOIN commerce.products AS products ON products.sku = sold.sku
GROUP BY sold.week, COALESCE(products.department, '(none)'), sold.currency
ORDER BY week, department, currency
