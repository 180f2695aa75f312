-- en: Repeated callers
-- ru: Повторно звонящие
-- rows integer = 10000: How many callers, the most frequent | Сколько звонивших, самые частые
-- times integer = 3: Callers with so many calls or more | Звонившие столько раз или больше
-- line text: The number that callers dialled | Набранный номер
-- queue text: Calls through this queue only | Только через эту очередь
-- agent text: This agent's calls only | Только звонки этого оператора
-- number text: Calls with this number only | Только звонки с этим номером
with {queue_calls}
select max(number) as number, sum(calls) as calls, sum(answered) as answered, sum(missed) as missed,
  sum(talk) as talk,
  min(first_call) at time zone 'UTC' at time zone :zone as first_call,
  max(last_call) at time zone 'UTC' at time zone :zone as last_call
from (
  -- Sums of integers need no memory of their own for each number.
  select number, count(*)::int as calls, sum(answered)::int as answered, sum(missed)::int as missed, sum(talk::int) as talk,
    min(invitedt) as first_call, max(invitedt) as last_call
  from metrics.calls
  where direction = 'incoming' and invitedt >= :from and invitedt < :to and number <> ''
    and {call_filter}
    and (:agent is null or agent = :agent)
  group by number
) numbers
group by right(ltrim(translate(number, ' +-().', ''), '0'), 10)
having sum(calls) >= :times
order by calls desc, last_call desc
limit :rows
