-- en: Abandoned callers by queue
-- ru: Не дождавшиеся ответа по очередям
-- queue text: This queue only | Только эта очередь
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
group by queue
order by abandoned desc, queue
