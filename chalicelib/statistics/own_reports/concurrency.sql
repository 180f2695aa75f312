-- en: Calls at the same time
-- ru: Одновременные звонки
select date_trunc('hour', at at time zone 'UTC' at time zone :zone) as hour,
  max(calls) as most_calls, max(talks) as most_talks
from (
  select at, sum(call) over moments as calls, sum(talk) over moments as talks
  from (
    select invitedt as at, 1 as call, 0 as talk
    from metrics.calls where invitedt >= :from::timestamp - interval '4 hours' and invitedt < :to
    union all
    select coalesce(ended_at, invitedt), -1, 0
    from metrics.calls where invitedt >= :from::timestamp - interval '4 hours' and invitedt < :to
    union all
    select answered_at, 0, 1
    from metrics.calls where invitedt >= :from::timestamp - interval '4 hours' and invitedt < :to and answered = 1
    union all
    select coalesce(ended_at, answered_at), 0, -1
    from metrics.calls where invitedt >= :from::timestamp - interval '4 hours' and invitedt < :to and answered = 1
  ) steps
  window moments as (order by at, call, talk)
) running
where at >= :from and at < :to
group by 1
order by 1
