"""The console: one page that shows the state of this host."""
