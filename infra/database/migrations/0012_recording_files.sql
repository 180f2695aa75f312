-- Which calls name a file: one is deleted only when none of them needs it. A hash, since a path may be longer than an
-- entry of a tree.

CREATE INDEX success_callrecpath ON calls.success USING hash (ltrim(callrecpath, '/'))
    WHERE callrecpath IS NOT NULL AND callrecdel_dt IS NULL;
