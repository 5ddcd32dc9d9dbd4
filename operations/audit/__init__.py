"""Acts: what a person or a controller did, with the reason that was given."""
