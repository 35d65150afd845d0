"""What every page has: style in the colours of the theme, the way problems are told, and a scenario's own words."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Literal

import streamlit as st

from sim.app.html import tag, text
from sim.app.words import words
from sim.errors import RollsimError
from sim.figures.theme import THEMES
from sim.scenario import Scenario

LANGUAGE = "en"
STYLE = Path(__file__).with_name("pages.css")


def theme_name() -> Literal["light", "dark"]:
    """Return the theme that the browser shows."""
    return "dark" if st.context.theme.type == "dark" else "light"


def show_style() -> None:
    """Put the pages' own style in place: padding, tables, text."""
    theme = THEMES[theme_name()]
    css = STYLE.read_text(encoding="utf-8")
    colours = {
        "INK": theme.ink,
        "MUTED": theme.muted,
        "RULE": theme.rule,
        "CANDIDATE": theme.candidate,
        "PAGE": theme.surface,
    }
    for name, colour in colours.items():
        css = css.replace(name, colour)
    st.html(f"<style>{css}</style>")


def show_problems(title: str, problems: str) -> None:
    """Show problems exactly as they were written, never as HTML or Markdown."""
    st.error(title)
    st.code(problems, language=None, wrap_lines=True)


@contextmanager
def told_problems() -> Iterator[None]:
    """Tell what goes wrong inside in a sentence; what nobody expected is logged too."""
    try:
        yield
    except RollsimError as error:
        show_problems(words("no_run"), str(error))
    except Exception as error:
        # Streamlit stops and reruns a page by exceptions of its own, which are no Exception.
        logging.getLogger(__name__).exception("a page failed")
        show_problems(words("broken"), f"{type(error).__name__}: {error}")


def in_words(texts: Mapping[str, str]) -> str:
    """Return the text in the language of the page, or in whatever language there is."""
    return texts.get(LANGUAGE) or next(iter(texts.values()), "")


def title_of(scenario: Scenario) -> str:
    """Return what the scenario is called."""
    return in_words(scenario.metadata.title) or scenario.name


def show_intro(scenario: Scenario, call: str) -> None:
    """Show what the scenario is about and what to predict, before anything is run."""
    metadata = scenario.metadata
    ways = "".join(tag("dt", text(name)) + tag("dd", text(spec.summary)) for name, spec in scenario.strategies.items())
    parts = [tag("h1", text(title_of(scenario))), tag("p", text(in_words(metadata.teaches)))]
    parts.append(_question(words("predict"), in_words(metadata.predict)))
    st.html(tag("div", *parts, tag("p", tag("b", text(words("strategies_title")))), tag("dl", ways), class_="intro"))
    st.markdown(call)


def show_discussion(scenario: Scenario) -> None:
    """Show what to talk about once the results are there."""
    st.html(tag("div", _question(words("discuss"), in_words(scenario.metadata.discuss)), class_="intro"))


def _question(title: str, question: str) -> str:
    return tag("p", tag("small", text(title)), text(question), class_="ask") if question else ""
