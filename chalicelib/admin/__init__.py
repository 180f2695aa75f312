"""The operator's commands, such as migrations, roles and tokens, as a command line and as a Lambda."""
