"""The archive: months whose retention is over leave the database, and stay readable as Parquet files in S3."""
