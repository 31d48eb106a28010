"""What is asked of the app: one plain locustfile per scenario. One may take from another what a right answer is."""
