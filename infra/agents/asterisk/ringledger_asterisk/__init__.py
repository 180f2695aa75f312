"""The agent program beside an Asterisk PBX: each command of it is one module, listed in `__main__`."""
