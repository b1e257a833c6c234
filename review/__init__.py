"""Call sheets for phone reviews, and the answers that come back."""
