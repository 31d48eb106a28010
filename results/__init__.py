"""What came out of a run: records, their statistics and verdicts. Pure but for `store`."""
