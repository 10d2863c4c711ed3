-- Every integration event once, however often it was delivered: one row for each id, chosen as in events_once. The
-- condition on occurred_at only satisfies the rule that there must be one; all days are read. `happened_at` is when it is
-- said to have happened, however long ago.
SELECT *, COALESCE(claimed_at, occurred_at) AS happened_at
FROM commerce.facts AS fact
WHERE occurred_at >= TIMESTAMP '1970-01-01 00:00:00+00'
QUALIFY ROW_NUMBER() OVER (PARTITION BY id ORDER BY recorded_at, occurred_at, TO_JSON_STRING(fact)) = 1
