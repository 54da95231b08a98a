"""Many conversions of one model, each scored on exact integers, in one table and one plot."""
