-- Every stored event once, however often it was delivered; what only marks a place is none. Whoever asks names a span of
-- occurred_at: the table is cut into days of it. The condition here only satisfies the rule that there must be one.
SELECT *
FROM commerce.events
WHERE occurred_at >= TIMESTAMP '1970-01-01 00:00:00+00' AND type <> 'unreadable'
QUALIFY ROW_NUMBER() OVER (PARTITION BY occurred_at, id ORDER BY recorded_at) = 1
