-- en: Service level per day
-- ru: Уровень обслуживания по дням
-- seconds integer = 20: An answer within so many seconds is in time | Ответ за столько секунд считается своевременным
-- line text: The number that callers dialled | Набранный номер
-- queue text: Calls through this queue only | Только через эту очередь
select (invitedt at time zone 'UTC' at time zone :zone)::date as day,
  count(*) as incoming,
  sum(answered) as answered,
  sum(missed) as missed,
  count(*) filter (where answered = 1 and wait <= :seconds) as in_time,
  round(100.0 * count(*) filter (where answered = 1 and wait <= :seconds) / count(*), 1) as service_level,
  round(avg(wait) filter (where answered = 1)) as average_wait
from metrics.calls
where direction = 'incoming' and invitedt >= :from and invitedt < :to
  and (:line is null or line = :line)
  and (:queue is null
    or inviteid in (select inviteid from metrics.queue_calls where queue = :queue)
    or chain in (select chain from metrics.queue_calls where queue = :queue))
group by 1
order by 1
