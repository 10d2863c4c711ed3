-- Every product as the catalog described it last; what is not shown any more was sold once. The last one is that of the
-- highest version, which is in the id (product-1@7.0): times are those of many clocks.
SELECT
  JSON_VALUE(payload, '$.sku') AS sku,
  JSON_VALUE(payload, '$.department') AS department,
  JSON_VALUE(payload, '$.category') AS category,
  JSON_VALUE(payload, '$.brand') AS brand
FROM commerce.facts_once
WHERE type = 'commerce.catalog.ProductListed.v1'
QUALIFY ROW_NUMBER() OVER (
  PARTITION BY subject
  ORDER BY
    CAST(REGEXP_EXTRACT(id, '@([0-9]+)[.][0-9]+$') AS INT64) DESC,
    CAST(REGEXP_EXTRACT(id, '@[0-9]+[.]([0-9]+)$') AS INT64) DESC
) = 1
