"""What programs and the browser's own scripts call."""
