-- en: Calls per hour
-- ru: Звонки по часам
-- line text: The number that callers dialled | Набранный номер
-- queue text: Calls through this queue only | Только через эту очередь
-- agent text: This agent's calls only | Только звонки этого оператора
-- number text: Calls with this number only | Только звонки с этим номером
select date_trunc('hour', invitedt at time zone 'UTC' at time zone :zone) as hour,
  count(*) filter (where direction = 'incoming') as incoming,
  coalesce(sum(answered) filter (where direction = 'incoming'), 0) as answered,
  sum(missed) as missed,
  round(100 * avg(in_time), 1) as service_level,
  count(*) filter (where direction = 'outgoing') as outgoing,
  count(*) filter (where direction = 'internal') as internal
from metrics.calls
where invitedt >= :from and invitedt < :to
  and (:line is null or line = :line)
  and (:queue is null
    or inviteid in (select inviteid from metrics.queue_calls where queue = :queue)
    or chain in (select chain from metrics.queue_calls where queue = :queue))
  and (:agent is null or agent = :agent)
  and (:number is null or right(ltrim(translate(number, ' +-().', ''), '0'), 10)
    = right(ltrim(translate(:number, ' +-().', ''), '0'), 10))
group by 1
order by 1
