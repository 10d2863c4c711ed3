-- Every integration event once, however often it was delivered. Whoever asks names a span of occurred_at: the table is
-- cut into days of it. The condition here only satisfies the rule that there must be one. `happened_at` is when it is
-- said to have happened, however long ago.
SELECT *, COALESCE(claimed_at, occurred_at) AS happened_at
FROM commerce.facts
WHERE occurred_at >= TIMESTAMP '1970-01-01 00:00:00+00'
QUALIFY ROW_NUMBER() OVER (PARTITION BY occurred_at, id ORDER BY recorded_at) = 1
