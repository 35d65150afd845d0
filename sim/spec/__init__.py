"""The parameters of a scenario: frozen models that know their units, bounds and defaults, and nothing else."""
