-- What each category's events took, by the day of their recording: streams that began on it, commits, events, and the
-- bytes of their JSON alone.
SELECT
  category,
  DATE(recorded_at) AS day,
  COUNT(DISTINCT CASE WHEN version = 1 THEN stream END) AS streams,
  COUNT(DISTINCT CONCAT(stream, '@', CAST(version AS STRING))) AS commits,
  COUNT(*) AS events,
  CAST(SUM(BYTE_LENGTH(TO_JSON_STRING(data))) AS INT64) AS data_bytes
FROM commerce.events_once
GROUP BY category, DATE(recorded_at)
ORDER BY category, day
