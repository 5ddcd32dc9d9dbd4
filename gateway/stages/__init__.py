"""The steps of an exchange's life, one file each; ``standard`` holds the list that tells their order."""
