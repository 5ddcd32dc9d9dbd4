"""The data workers as the control process sees them."""
