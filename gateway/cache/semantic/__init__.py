"""Similar questions: found by their vectors, among those that are the same in all that vectors do not see."""
