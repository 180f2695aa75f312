-- en: Repeated callers
-- ru: Повторно звонящие
-- times integer = 3: Callers with so many calls or more | Звонившие столько раз или больше
select max(number) as number, count(*) as calls, sum(answered) as answered, sum(missed) as missed, sum(talk) as talk,
  min(invitedt at time zone 'UTC' at time zone :zone) as first_call,
  max(invitedt at time zone 'UTC' at time zone :zone) as last_call
from metrics.calls
where direction = 'incoming' and invitedt >= :from and invitedt < :to and number <> ''
group by right(ltrim(translate(number, ' +-().', ''), '0'), 10)
having count(*) >= :times
order by calls desc, last_call desc
