"""Raw-table contracts, feature declarations, and one builder for a batch and for one applicant."""
