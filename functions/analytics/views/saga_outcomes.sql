-- How checkouts and returns end: completed, turned back at a step for a reason, refused by staff for a reason, or withdrawn
-- by the customer. `share` of all of that kind.
WITH ends AS (
  SELECT
    service AS workflow,
    CASE
      WHEN ENDS_WITH(type, 'Completed.v1') THEN 'completed'
      WHEN ENDS_WITH(type, 'Refused.v1') THEN 'refused'
      WHEN ENDS_WITH(type, 'Withdrawn.v1') THEN 'withdrawn'
      ELSE 'failed'
    END AS outcome,
    COALESCE(JSON_VALUE(payload, '$.step'), '') AS step,
    COALESCE(JSON_VALUE(payload, '$.code'), JSON_VALUE(payload, '$.reason'), '') AS code
  FROM commerce.facts_once
  WHERE type IN (
    'commerce.checkout.CheckoutCompleted.v1', 'commerce.checkout.CheckoutFailed.v1',
    'commerce.returns.ReturnCompleted.v1', 'commerce.returns.ReturnFailed.v1', 'commerce.returns.ReturnRefused.v1',
    'commerce.returns.ReturnWithdrawn.v1'
  )
),
counted AS (
  SELECT workflow, outcome, step, code, COUNT(*) AS workflows
  FROM ends
  GROUP BY workflow, outcome, step, code
)
SELECT
  workflow, outcome, step, code, workflows,
  ROUND(workflows / SUM(workflows) OVER (PARTITION BY workflow), 4) AS share
FROM counted
ORDER BY workflow, workflows DESC, outcome, step, code
