"""Every read of risks that is more than a get; each is told who asks."""
