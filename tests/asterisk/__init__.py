"""Tests of the provider Asterisk."""
