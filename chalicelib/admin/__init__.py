"""What an operator does: migrations, roles, tokens; as a command line and as a Lambda."""
