"""Which answers are failures."""

SERVER_ERROR = 500
"""From this HTTP status on a request has failed; a client's error (4xx) is no failure."""
