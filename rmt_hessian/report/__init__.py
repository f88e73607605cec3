"""What a finished sweep says, in printed tables."""
