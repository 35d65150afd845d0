"""The figures: each draws what tables computed of a run or a comparison, and returns a Matplotlib `Figure`.

All take `theme` ("light" or "dark") and `words` (English where a key is missing; see `sim.figures.words.ENGLISH`), show
nothing by themselves and touch no global setting of Matplotlib.
"""

from collections.abc import Callable, Mapping

from matplotlib.figure import Figure

from sim.figures.all_strategies import all_strategies
from sim.figures.analysis_looks import analysis_looks
from sim.figures.blast_radius import blast_radius
from sim.figures.picture import picture, save
from sim.figures.plane import plane
from sim.figures.rollout_progress import rollout_progress

__all__ = [
    "FIGURES",
    "all_strategies",
    "analysis_looks",
    "blast_radius",
    "picture",
    "plane",
    "rollout_progress",
    "save",
]

FIGURES: Mapping[str, Callable[..., Figure]] = {
    figure.__name__: figure for figure in (rollout_progress, analysis_looks, blast_radius, all_strategies, plane)
}
"""Every figure by name: the first two of one run, the others of a comparison."""
