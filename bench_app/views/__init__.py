"""One module per scenario, the sync and the async twin side by side."""
