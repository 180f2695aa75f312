-- en: Transfers between agents
-- ru: Переводы между операторами
-- agent text: Transfers from or to this agent only | Только переводы от этого оператора или ему
select from_agent, to_agent, count(*) as transfers,
  round(avg(talk_before)) as average_talk_before, round(avg(talk_after)) as average_talk_after
from metrics.transfers
where day >= :from::date and day <= :to::date and invitedt >= :from and invitedt < :to
  and (:agent is null or to_agent = :agent or from_agent = :agent)
group by from_agent, to_agent
order by transfers desc, from_agent, to_agent
