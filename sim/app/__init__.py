"""The application: two pages over the same objects as the command line. `app.py` calls `main.main`."""
