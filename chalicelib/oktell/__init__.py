"""Oktell's HTTP interface in its version of 2012, answered from Ringledger's own data."""
