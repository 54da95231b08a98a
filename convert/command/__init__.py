"""``convert-model``: what it is asked, and what it prints."""
