-- en: Service level per day
-- ru: Уровень обслуживания по дням
-- seconds integer = 20: An answer within so many seconds is in time | Ответ за столько секунд считается своевременным
-- line text: The number that callers dialled | Набранный номер
-- queue text: Calls through this queue only | Только через эту очередь
-- number text: Calls with this number only | Только звонки с этим номером
-- about: No filter by agent: a missed call has none. | Отбора по оператору нет: у пропущенного звонка его нет.
with {queue_calls},
figures as (
  select quarter, calls, answered, missed, wait, cardinality(waits) as waited,
    width_bucket(:seconds::int, waits) as in_time
  from metrics.quarters
  where direction = 'incoming' and day >= :from::date and day <= :to::date and quarter >= :from and quarter < :to
    and (:line is null or line = :line)
    and :queue is null and :number is null
    and extract(epoch from :from::timestamp) % 900 + extract(epoch from :to::timestamp) % 900 = 0
  union all
  select invitedt, 1, answered, missed, case when answered = 1 then wait end,
    (answered = 1 and wait is not null)::int, (answered = 1 and wait <= :seconds)::int
  from metrics.calls
  where direction = 'incoming' and invitedt >= :from and invitedt < :to
    and (:queue is not null or :number is not null
      or extract(epoch from :from::timestamp) % 900 + extract(epoch from :to::timestamp) % 900 > 0)
    and {call_filter}
)
select (quarter at time zone 'UTC' at time zone :zone)::date as day,
  sum(calls) as incoming,
  sum(answered) as answered,
  sum(missed) as missed,
  coalesce(sum(in_time), 0) as in_time,
  round(100.0 * coalesce(sum(in_time), 0) / sum(calls), 1) as service_level,
  round(sum(wait)::numeric / nullif(sum(waited), 0)) as average_wait
from figures
group by 1
order by 1
