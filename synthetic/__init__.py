"""The synthetic lender: a population whose truth is known."""
