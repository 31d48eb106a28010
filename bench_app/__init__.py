"""The Django project under test. It imports Django and never the harness."""
