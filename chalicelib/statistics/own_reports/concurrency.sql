-- en: Calls at the same time
-- ru: Одновременные звонки
select date_trunc('hour', quarter at time zone 'UTC' at time zone :zone) as hour,
  max(most_calls) as most_calls, max(most_talks) as most_talks
from metrics.peaks
where day >= :from::date and day <= :to::date
  and quarter > :from::timestamp - interval '15 minutes' and quarter < :to
group by 1
order by 1
