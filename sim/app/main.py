"""The frame of the application: its pages and their style."""

from __future__ import annotations

from pathlib import Path

import streamlit as st

from sim.app.frame import show_style
from sim.app.words import words

PAGES = Path(__file__).parent / "pages"


def main() -> None:
    """Show the page that the address names."""
    st.set_page_config(page_title=words("app"), page_icon="🚢", layout="wide")
    show_style()
    simulate = st.Page(PAGES / "simulate.py", title=words("simulate"), url_path="simulate", default=True)
    compare = st.Page(PAGES / "compare.py", title=words("compare"), url_path="compare")
    st.navigation([simulate, compare], position="top").run()
