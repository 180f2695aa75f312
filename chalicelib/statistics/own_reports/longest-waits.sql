-- en: Longest waits
-- ru: Самые долгие ожидания
-- rows integer = 50: How many calls | Сколько звонков
-- line text: The number that callers dialled | Набранный номер
-- queue text: Calls through this queue only | Только через эту очередь
select invitedt at time zone 'UTC' at time zone :zone as called_at,
  number, line, wait, result, agent, talk, inviteid
from metrics.calls
where direction = 'incoming' and invitedt >= :from and invitedt < :to
  and (:line is null or line = :line)
  and (:queue is null
    or inviteid in (select inviteid from metrics.queue_calls where queue = :queue)
    or chain in (select chain from metrics.queue_calls where queue = :queue))
order by wait desc nulls last, invitedt
limit :rows
