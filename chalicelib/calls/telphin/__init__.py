"""How the events of a Telphin call become records."""
