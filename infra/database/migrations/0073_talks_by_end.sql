-- A new event of a phone asks for the talks that end after it, which are few however many the phone had that day.
CREATE INDEX phone_talks_end ON ledger.phone_talks (login, (coalesce(until, since + interval '1 day')));
DROP INDEX ledger.phone_talks_login;
