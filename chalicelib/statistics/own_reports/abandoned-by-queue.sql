-- en: Abandoned callers by queue
-- ru: Не дождавшиеся ответа по очередям
-- line text: The number that callers dialled | Набранный номер
-- queue text: This queue only | Только эта очередь
-- number text: Calls with this number only | Только звонки с этим номером
-- about: No filter by agent: a missed call has none. | Отбора по оператору нет: у пропущенного звонка его нет.
with line_calls as (
  select inviteid, chain from metrics.calls
  where line = :line and invitedt >= :from::timestamp - interval '1 day' and invitedt < :to
)
select queue,
  count(*) as callers,
  sum(answered) as answered,
  sum(abandoned) as abandoned,
  round(100.0 * sum(abandoned) / nullif(sum(answered) + sum(abandoned), 0), 1) as abandoned_percent,
  round(100 * avg(in_time), 1) as service_level,
  round(avg(wait) filter (where answered = 1)) as average_wait,
  round(avg(wait) filter (where abandoned = 1)) as average_patience,
  max(wait) as longest_wait
from metrics.queue_calls
where entered_at >= :from and entered_at < :to
  and (:queue is null or queue = :queue)
  and (:line is null
    or inviteid in (select inviteid from line_calls)
    or chain in (select chain from line_calls))
  and {same_number}
group by queue
order by abandoned desc, queue
