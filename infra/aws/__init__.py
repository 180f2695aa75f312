"""The bundle on AWS: template and zip, generated from `app.py` with one Lambda for each surface, and checked."""
