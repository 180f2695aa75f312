"""The webhooks of the demonstration: a simulated call centre, as a stream in order of time."""
