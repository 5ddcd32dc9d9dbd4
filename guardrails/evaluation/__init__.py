"""Evaluation: how well a policy judges texts whose right answer is known, and whether another one does better."""
