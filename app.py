"""The entry of the application: `streamlit run app.py`, or `rollsim ui`."""

from sim.app.main import main

main()
