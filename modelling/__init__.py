"""Candidates, evaluation, comparison, promotion gates and tracking of models."""
