"""How fast and how exact the bench itself is."""
