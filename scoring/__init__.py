"""A model bundle, and the scorer that turns one case into a decision. Needs numpy alone."""
