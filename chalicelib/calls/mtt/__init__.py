"""How the notifications of an MTT call become records."""
