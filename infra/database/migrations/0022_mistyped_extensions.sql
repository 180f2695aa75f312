-- Only IVRs and queues send Bridged: an extension that is registered as a phone and sends it has the wrong type.
ALTER TABLE ledger.extensions ADD COLUMN mistyped_at timestamp with time zone;
COMMENT ON COLUMN ledger.extensions.mistyped_at IS 'When it first sent Bridged although it is registered as a phone.';
