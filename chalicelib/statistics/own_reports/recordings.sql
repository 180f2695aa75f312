-- en: Recordings
-- ru: Записи разговоров
-- line text: The number that callers dialled | Набранный номер
-- queue text: Calls through this queue only | Только через эту очередь
-- agent text: This agent's talks only | Только разговоры этого оператора
-- number text: Talks with this number only | Только разговоры с этим номером
-- rows integer = 10000: How many recordings, the latest | Сколько записей, последние
-- shortest integer = 0: Seconds of talk at least | Разговор не короче, секунд
with {queue_calls}
select start_dt at time zone 'UTC' at time zone :zone as started_at, anumber as from_number, bnumber as to_number,
  coalesce(bdisplayname, adisplayname) as person, duration as talk, callrecsize as bytes, recexpirets as expires_at,
  inviteid, '/rest/v1/journal/calls/' || inviteid::text || '/attachment1' as path
from calls.success
where isrec and callrecdel_dt is null and invitedt >= :from and invitedt < :to
  and (:agent is null or :agent in (ausername, anumber, busername, bnumber))
  and (:line is null or (aouter and acallednum = :line))
  and (:queue is null
    or inviteid in (select inviteid from queue_calls)
    or coalesce(esgdlg::text, inviteid::text) in (select chain from queue_calls))
  and (:number is null or right(ltrim(translate(:number, ' +-().', ''), '0'), 10) in (
    right(ltrim(translate(anumber, ' +-().', ''), '0'), 10), right(ltrim(translate(bnumber, ' +-().', ''), '0'), 10)))
  and duration >= :shortest
order by invitedt desc, start_dt desc
limit :rows
