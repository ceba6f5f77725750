"""The training doctor: small checks, each of one habit of nets that learn."""
