"""NiMbox's phone-call service: offered to scripts that know it, and called where the CRM offers it."""
