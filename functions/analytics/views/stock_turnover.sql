-- How fast the stock of a product is sold: `turnover` is how often the stock that was there on average has left the
-- shelf. The average (`on_average`) is weighted by time, from the product's first move to the last move of any product,
-- by the time of the log: in that nothing leaves before it came, whatever a till or a carrier says. No turnover where
-- no time has passed or nothing ever lay there. Goods that came back were received again.
WITH moves AS (
  SELECT
    JSON_VALUE(payload, '$.sku') AS sku,
    recorded_at,
    CAST(JSON_VALUE(payload, '$.delta') AS INT64) AS came,
    0 AS shipped
  FROM commerce.facts_once
  WHERE type = 'commerce.inventory.StockChanged.v1'
  UNION ALL
  SELECT
    JSON_VALUE(line, '$.sku') AS sku,
    recorded_at,
    0 AS came,
    CAST(JSON_VALUE(line, '$.quantity') AS INT64) AS shipped
  FROM commerce.facts_once, UNNEST(JSON_QUERY_ARRAY(payload, '$.lines')) AS line
  WHERE type = 'commerce.inventory.ItemsShipped.v1'
),
moments AS (
  SELECT sku, recorded_at, SUM(came) AS came, SUM(shipped) AS shipped
  FROM moves
  GROUP BY sku, recorded_at
),
spans AS (
  SELECT
    sku, recorded_at, came, shipped,
    LEAD(recorded_at) OVER (PARTITION BY sku ORDER BY recorded_at) AS next_at,
    MAX(recorded_at) OVER () AS last_at,
    SUM(came - shipped) OVER (PARTITION BY sku ORDER BY recorded_at) AS on_hand
  FROM moments
),
lasting AS (
  SELECT
    sku, came, shipped, on_hand,
    TIMESTAMP_DIFF(COALESCE(next_at, last_at), recorded_at, MILLISECOND) AS lasted
  FROM spans
),
stock AS (
  SELECT
    sku,
    SUM(came) AS came,
    SUM(shipped) AS shipped,
    CASE WHEN SUM(lasted) > 0 THEN SUM(on_hand * lasted) / SUM(lasted) END AS on_average
  FROM lasting
  GROUP BY sku
)
SELECT
  stock.sku,
  COALESCE(products.department, '(none)') AS department,
  CAST(stock.came AS INT64) AS came,
  CAST(stock.shipped AS INT64) AS shipped,
  CAST(stock.came - stock.shipped AS INT64) AS on_hand,
  ROUND(stock.on_average, 2) AS on_average,
  CASE WHEN stock.on_average > 0 THEN ROUND(stock.shipped / stock.on_average, 2) END AS turnover
FROM stock
LEFT JOIN commerce.products AS products ON products.sku = stock.sku
ORDER BY turnover DESC, sku
