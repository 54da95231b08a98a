"""What a user can get wrong: exit code 2, one clear sentence for each problem, and nothing left behind."""
