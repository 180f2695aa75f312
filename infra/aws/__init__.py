"""The bundle on AWS: generated from `app.py`, so that each surface is a Lambda of its own; checked and packaged."""
