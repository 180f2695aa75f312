-- en: Missed and not called back
-- ru: Пропущенные, которым не перезвонили
-- line text: The number that callers dialled | Набранный номер
-- queue text: Calls through this queue only | Только через эту очередь
-- number text: Calls with this number only | Только звонки с этим номером
-- about: No filter by agent: a missed call has none. | Отбора по оператору нет: у пропущенного звонка его нет.
select max(number) as number,
  count(*) as missed,
  min(invitedt) at time zone 'UTC' at time zone :zone as first_missed,
  max(invitedt) at time zone 'UTC' at time zone :zone as last_missed,
  max(wait) as longest_wait,
  string_agg(distinct line, ', ') as lines
from metrics.missed_calls
where invitedt >= :from and invitedt < :to and called_back = 0
  and (:line is null or line = :line)
  and (:queue is null or inviteid in (
    select inviteid from metrics.queue_calls
    where queue = :queue and entered_at >= :from and entered_at < :to::timestamp + interval '1 day'
  ))
  and {same_number}
group by right(ltrim(translate(number, ' +-().', ''), '0'), 10)
order by last_missed desc
