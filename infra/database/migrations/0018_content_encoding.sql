-- How the body of a webhook was packed, so that a replay unpacks the same bytes.

ALTER TABLE ledger.events ADD content_encoding text NOT NULL DEFAULT '';
COMMENT ON COLUMN ledger.events.content_encoding IS 'The Content-Encoding header, as received; the body is stored packed.';
