"""The domain, pure: call events, and the call records that follow from them."""
