"""The tables, as `makemigrations` has written them."""
