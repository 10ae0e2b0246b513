"""Erasing texts for good, for how long they are kept, how authors are named, and what is held on one."""
