-- en: Calls at the same time
-- ru: Одновременные звонки
-- line text: The number that callers dialled | Набранный номер
-- queue text: Calls through this queue only | Только через эту очередь
-- agent text: This agent's calls only | Только звонки этого оператора
-- number text: Calls with this number only | Только звонки с этим номером
with {queue_calls},
filtered as (
  select invitedt, answered_at, ended_at, answered
  from metrics.calls
  where invitedt >= :from::timestamp - interval '4 hours' and invitedt < :to
    and (:line is not null or :queue is not null or :agent is not null or :number is not null)
    and {call_filter}
    and (:agent is null or agent = :agent)
),
steps as (
  select invitedt as at, 1 as call, 0 as talk from filtered
  union all
  select coalesce(ended_at, invitedt), -1, 0 from filtered
  union all
  select answered_at, 0, 1 from filtered where answered = 1
  union all
  select coalesce(ended_at, answered_at), 0, -1 from filtered where answered = 1
),
moments as (
  select quarter as at, most_calls, most_talks
  from metrics.peaks
  where day >= :from::date and day <= :to::date
    and quarter > :from::timestamp - interval '15 minutes' and quarter < :to
    and :line is null and :queue is null and :agent is null and :number is null
  union all
  select at, calls, talks
  from (
    select at, (sum(call) over running)::int as calls, (sum(talk) over running)::int as talks
    from steps
    window running as (order by at, call, talk)
  ) sums
  where at >= :from and at < :to
)
select date_trunc('hour', at at time zone 'UTC' at time zone :zone) as hour,
  max(most_calls) as most_calls, max(most_talks) as most_talks
from moments
group by 1
order by 1
