"""The rules of Asterisk: from the records of its Channel Event Logging to rows."""
