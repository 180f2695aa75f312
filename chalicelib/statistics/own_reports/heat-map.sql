-- en: Heat map of weekdays and hours
-- ru: Тепловая карта по дням недели и часам
-- line text: The number that callers dialled | Набранный номер
-- queue text: Calls through this queue only | Только через эту очередь
-- agent text: This agent's calls only | Только звонки этого оператора
-- number text: Calls with this number only | Только звонки с этим номером
with {queue_calls},
figures as (
  select quarter, calls, answered, missed, in_time, rated, wait, cardinality(waits) as waited
  from metrics.quarters
  where direction = 'incoming' and day >= :from::date and day <= :to::date and quarter >= :from and quarter < :to
    and (:line is null or line = :line)
    and :queue is null and :agent is null and :number is null
    and extract(epoch from :from::timestamp) % 900 + extract(epoch from :to::timestamp) % 900 = 0
  union all
  select invitedt, 1, answered, missed, in_time, (in_time is not null)::int,
    case when answered = 1 then wait end, (answered = 1 and wait is not null)::int
  from metrics.calls
  where direction = 'incoming' and invitedt >= :from and invitedt < :to
    and (:queue is not null or :agent is not null or :number is not null
      or extract(epoch from :from::timestamp) % 900 + extract(epoch from :to::timestamp) % 900 > 0)
    and {call_filter}
    and (:agent is null or agent = :agent)
)
select extract(isodow from at)::int as weekday, extract(hour from at)::int as hour,
  sum(calls) as incoming, sum(answered) as answered, sum(missed) as missed,
  round(100.0 * sum(in_time) / nullif(sum(rated), 0), 1) as service_level,
  round(sum(wait)::numeric / nullif(sum(waited), 0)) as average_wait
from (select *, quarter at time zone 'UTC' at time zone :zone as at from figures) moments
group by 1, 2
order by 1, 2
