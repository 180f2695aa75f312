-- en: Heat map of weekdays and hours
-- ru: Тепловая карта по дням недели и часам
-- line text: The number that callers dialled | Набранный номер
-- queue text: Calls through this queue only | Только через эту очередь
select extract(isodow from at)::int as weekday, extract(hour from at)::int as hour,
  count(*) as incoming, sum(answered) as answered, sum(missed) as missed,
  round(100 * avg(in_time), 1) as service_level,
  round(avg(wait) filter (where answered = 1)) as average_wait
from (
  select invitedt at time zone 'UTC' at time zone :zone as at, answered, missed, in_time, wait
  from metrics.calls
  where direction = 'incoming' and invitedt >= :from and invitedt < :to
    and (:line is null or line = :line)
    and (:queue is null
      or inviteid in (select inviteid from metrics.queue_calls where queue = :queue)
      or chain in (select chain from metrics.queue_calls where queue = :queue))
) calls
group by 1, 2
order by 1, 2
