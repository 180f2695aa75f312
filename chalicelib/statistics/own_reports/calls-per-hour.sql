-- en: Calls per hour
-- ru: Звонки по часам
-- line text: The number that callers dialled | Набранный номер
-- queue text: Calls through this queue only | Только через эту очередь
-- agent text: This agent's calls only | Только звонки этого оператора
-- number text: Calls with this number only | Только звонки с этим номером
with {queue_calls},
figures as (
  select quarter, direction, sum(calls) as calls, sum(answered) as answered, sum(missed) as missed, sum(in_time) as in_time,
    sum(rated) as rated
  from metrics.quarters
  where day >= :from::date and day <= :to::date and quarter >= :from and quarter < :to
    and (:line is null or line = :line)
    and :queue is null and :agent is null and :number is null
    and extract(epoch from :from::timestamp) % 900 + extract(epoch from :to::timestamp) % 900 = 0
  group by quarter, direction
  union all
  select invitedt, direction, 1, answered, missed, in_time, (in_time is not null)::int
  from metrics.calls
  where invitedt >= :from and invitedt < :to
    and (:queue is not null or :agent is not null or :number is not null
      or extract(epoch from :from::timestamp) % 900 + extract(epoch from :to::timestamp) % 900 > 0)
    and {call_filter}
    and (:agent is null or agent = :agent)
)
select date_trunc('hour', quarter at time zone 'UTC' at time zone :zone) as hour,
  coalesce(sum(calls) filter (where direction = 'incoming'), 0) as incoming,
  coalesce(sum(answered) filter (where direction = 'incoming'), 0) as answered,
  sum(missed) as missed,
  round(100.0 * sum(in_time) / nullif(sum(rated), 0), 1) as service_level,
  coalesce(sum(calls) filter (where direction = 'outgoing'), 0) as outgoing,
  coalesce(sum(calls) filter (where direction = 'internal'), 0) as internal
from figures
group by 1
order by 1
