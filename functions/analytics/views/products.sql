-- Every product as the catalog described it last; what is not shown any more was sold once.
SELECT
  JSON_VALUE(payload, '$.sku') AS sku,
  JSON_VALUE(payload, '$.department') AS department,
  JSON_VALUE(payload, '$.category') AS category,
  JSON_VALUE(payload, '$.brand') AS brand
FROM commerce.facts_once
WHERE type = 'commerce.catalog.ProductListed.v1'
QUALIFY ROW_NUMBER() OVER (PARTITION BY subject ORDER BY recorded_at DESC, id DESC) = 1
