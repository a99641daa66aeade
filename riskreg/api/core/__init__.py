"""What every endpoint is made of: who asks, bodies, answers, errors, paging, the schema."""
