"""The runs of one or more bundles: accuracy, activity, chips and energy, as text, JSON and one HTML page."""
