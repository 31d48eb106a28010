"""The load generator: real Locust in a process of its own, with our user and our recorder."""
