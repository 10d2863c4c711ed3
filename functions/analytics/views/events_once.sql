-- Every stored event once, however often it was delivered; what only marks a place is none. The id alone tells which rows
-- are of one event. Should they differ, the log has the right one and this view cannot know it: it keeps the one that was
-- recorded first, then the one that happened first, then the first as text, so that every query keeps the same one.
-- The condition on occurred_at only satisfies the rule that there must be one. All days are read, whatever is asked for:
-- rows of one id may lie on several days.
SELECT *
FROM commerce.events AS event
WHERE occurred_at >= TIMESTAMP '1970-01-01 00:00:00+00' AND type <> 'unreadable'
QUALIFY ROW_NUMBER() OVER (PARTITION BY id ORDER BY recorded_at, occurred_at, TO_JSON_STRING(event)) = 1
