-- en: Transfers between agents
-- ru: Переводы между операторами
-- agent text: Transfers from or to this agent only | Только переводы от этого оператора или ему
select from_agent, agent as to_agent, count(*) as transfers,
  round(avg(talk_before)) as average_talk_before, round(avg(talk)) as average_talk_after
from (
  select agent, talk, transferred,
    lag(agent) over passing as from_agent, lag(talk) over passing as talk_before
  from metrics.talks
  where invitedt >= :from and invitedt < :to and (direction <> 'internal' or transferred)
  window passing as (partition by chain order by started_at, inviteid)
) talks
where from_agent is not null
  and (:agent is null or agent = :agent or from_agent = :agent)
group by from_agent, agent
order by transfers desc, from_agent, to_agent
