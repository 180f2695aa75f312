-- What is known of a call's recording and follows from no event: where its file is, until when, and who may hear it.
-- The documented rows show it too, and get it again from here whenever they are worked out anew.

CREATE TABLE ledger.recordings (
    inviteid         uuid PRIMARY KEY,
    provider         text NOT NULL DEFAULT '',
    client           text NOT NULL DEFAULT '',
    recording        text NOT NULL DEFAULT '',
    state            text NOT NULL DEFAULT 'none'
        CHECK (state IN ('none', 'pending', 'ready', 'failed', 'deleted')),
    reason           text NOT NULL DEFAULT '',
    attempts         integer NOT NULL DEFAULT 0,
    due_at           timestamp with time zone NOT NULL DEFAULT now(),
    created_at       timestamp with time zone NOT NULL DEFAULT now(),
    changed_at       timestamp with time zone NOT NULL DEFAULT now(),
    storage          text,
    path             text,
    size             bigint,
    domain           text,
    expires_at       timestamp without time zone,
    deleted_at       timestamp without time zone,
    links_revoked_at timestamp with time zone,
    told             text NOT NULL DEFAULT ''
) WITH (fillfactor = 80);
COMMENT ON COLUMN ledger.recordings.recording IS 'The provider''s own name of the file; several calls may share one.';
COMMENT ON COLUMN ledger.recordings.reason IS 'Why the last attempt to fetch it failed.';
COMMENT ON COLUMN ledger.recordings.due_at IS 'While pending: when the next attempt may begin.';
COMMENT ON COLUMN ledger.recordings.links_revoked_at IS 'Since when links to this call open nothing.';
COMMENT ON COLUMN ledger.recordings.told IS 'The last state that a message went out about.';
CREATE INDEX recordings_file ON ledger.recordings (provider, client, recording) WHERE recording <> '';
CREATE INDEX recordings_pending ON ledger.recordings (due_at) WHERE state = 'pending';
CREATE INDEX recordings_changed_at ON ledger.recordings (changed_at);
CREATE INDEX recordings_untold ON ledger.recordings (changed_at)
    WHERE told <> state AND state IN ('ready', 'failed', 'deleted');

CREATE INDEX success_recexpirets ON calls.success (recexpirets)
    WHERE recexpirets IS NOT NULL AND callrecdel_dt IS NULL;
