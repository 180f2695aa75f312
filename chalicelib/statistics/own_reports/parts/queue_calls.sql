queue_calls as (
  select inviteid, chain from metrics.queue_calls
  where queue = :queue and entered_at >= :from and entered_at < :to::timestamp + interval '1 day'
)
