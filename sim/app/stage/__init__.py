"""The stage: a run replayed in the browser. Python sends one list of events; the player needs no server after that."""
