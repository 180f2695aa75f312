-- en: Durations of talks and waits
-- ru: Длительность разговоров и ожидания
-- agent text: This agent's calls only | Только звонки этого оператора
select direction, count(*) as calls,
  round(avg(talk)) as average_talk,
  percentile_disc(0.5) within group (order by talk) as median_talk,
  percentile_disc(0.9) within group (order by talk) as talk_90,
  percentile_disc(0.99) within group (order by talk) as talk_99,
  round(avg(wait)) as average_wait,
  percentile_disc(0.5) within group (order by wait) as median_wait,
  percentile_disc(0.9) within group (order by wait) as wait_90,
  percentile_disc(0.99) within group (order by wait) as wait_99
from metrics.calls
where answered = 1 and invitedt >= :from and invitedt < :to
  and (:agent is null or agent = :agent)
group by direction
order by direction
