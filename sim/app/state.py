"""What the address of a page says: which scenario, strategy and knobs, so that a link shows the same page again.

Streamlit can bind a widget to the address by itself, but the default of a knob here is what the scenario says, and a
bound widget cannot be given another default when the scenario changes.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

import streamlit as st

ADDRESS = "address"
"""Where the session keeps what its first address asked for, until it is used."""
RUN = "run"


def asked(name: str) -> str | None:
    """Return what the address with which the session began says of a name, once."""
    if ADDRESS not in st.session_state:
        st.session_state[ADDRESS] = {key: st.query_params[key] for key in st.query_params}
    value = st.session_state[ADDRESS].pop(name, None)
    return None if value is None else str(value)


def asked_float(name: str) -> float | None:
    """Return the number that the address asked for, once; None when it is none."""
    try:
        value = float(asked(name) or "")
    except ValueError:
        return None
    return value if math.isfinite(value) else None


def asked_choice(name: str, options: Sequence[str]) -> None:
    """Let a choice begin with what the address asks for, if it is one of the options."""
    value = asked(name)
    if value in options:
        st.session_state[name] = value
    if st.session_state.get(name) not in options:
        st.session_state[name] = options[0]


def asked_number(name: str, default: float | int, low: float, high: float) -> None:
    """Let a number begin with what the address asks for, held within its bounds, else with its default."""
    value = asked_float(name)
    if value is not None:
        st.session_state[name] = type(default)(min(max(value, low), high))
    st.session_state.setdefault(name, default)


def keep(names: Sequence[str]) -> None:
    """Keep the values of widgets that this page does not show: Streamlit forgets them otherwise."""
    for name in names:
        if name in st.session_state:
            st.session_state[name] = st.session_state[name]


def forget(names: Sequence[str]) -> None:
    """Let these begin again with their defaults."""
    for name in names:
        st.session_state.pop(name, None)


def write_address(values: Mapping[str, object]) -> None:
    """Let the address say these values and nothing else."""
    wanted = {name: written(value) for name, value in values.items()}
    if wanted != st.query_params.to_dict():
        st.query_params.from_dict(wanted)


def written(value: object) -> str:
    """Return a value as the address says it."""
    return f"{value:.10g}" if isinstance(value, float) else str(value)
