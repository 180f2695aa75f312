-- en: Longest waits
-- ru: Самые долгие ожидания
-- rows integer = 50: How many calls | Сколько звонков
-- line text: The number that callers dialled | Набранный номер
-- queue text: Calls through this queue only | Только через эту очередь
-- agent text: This agent's calls only | Только звонки этого оператора
-- number text: Calls with this number only | Только звонки с этим номером
with {queue_calls},
longest as (
  -- Their times first, which an index has, then the rows
  select invitedt
  from metrics.calls
  where direction = 'incoming' and invitedt >= :from and invitedt < :to
    and {call_filter}
    and (:agent is null or agent = :agent)
  order by wait desc nulls last, invitedt
  limit :rows
)
select invitedt at time zone 'UTC' at time zone :zone as called_at,
  number, line, wait, result, agent, talk, inviteid
from metrics.calls
where direction = 'incoming' and invitedt = any (array(select invitedt from longest))
  and {call_filter}
  and (:agent is null or agent = :agent)
order by wait desc nulls last, invitedt
limit :rows
