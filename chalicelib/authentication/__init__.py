"""The integrations that may send requests, and the tokens that identify them."""
