"""What the data port answers besides inference, as a Starlette application."""
