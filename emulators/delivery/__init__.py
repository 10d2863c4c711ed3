"""The local stand-in for Pub/Sub push: filters, tokens, retries, dead letters, faults."""
