"""What people see: one thin file a page."""
