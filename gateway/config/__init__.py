"""What operators write: settings (where things are) and the routing document (what they change), checked whole."""
