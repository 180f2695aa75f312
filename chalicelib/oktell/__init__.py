"""Oktell's HTTP interface (its version of 2012), answered from Ringledger's own state."""
