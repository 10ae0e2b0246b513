"""What tests share that is no fixture: servers and browsers."""
