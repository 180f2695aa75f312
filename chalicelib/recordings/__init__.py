"""Plays recordings: a lasting address, and a fresh right to the file at each click."""
