"""The database: its tables, its one thread, and its migrations. Nothing above `operations` knows that it exists."""
