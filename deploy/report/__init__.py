"""What the runs of one or more bundles say about accuracy, activity, chips and energy, as text, JSON and one HTML page."""
