"""What services of the reference engine ask of each other: an attempt whose own work is done makes its calls, stage by
stage, and has its answer when it has heard of all; sim/engine/fan_out.py is the compiled one.
"""

from __future__ import annotations

from itertools import groupby
from typing import TYPE_CHECKING

from sim.engine.edges import Edge, holds_worker, path_of
from sim.engine.keyed import ATTEMPT, MIRROR, U, call_luck
from sim.engine.protocol import Reason
from sim.engine.reference_parts import CANCELLED, DEPENDENCY, OK, Answer, Attempt, Call

if TYPE_CHECKING:
    from sim.engine.reference import ReferencePlane


def begin(plane: ReferencePlane, attempt: Attempt, answer: Answer) -> None:
    """An attempt's own work is done, with this answer; when all is well its calls come first."""
    assert attempt.pod is not None
    edges = plane.graph.calls[attempt.pod.version]
    if answer is not OK or not edges:
        plane.conclude(attempt, answer)
        return
    del attempt.pod.serving[attempt]
    attempt.pod.calling[attempt] = None
    attempt.stages = iter([tuple(stage) for _, stage in groupby(edges, key=lambda edge: edge.stage)])
    if holds_worker(plane.config.versions[attempt.pod.version]):
        attempt.over = plane.clock.event()
    make_calls(plane, attempt)


def make_calls(plane: ReferencePlane, attempt: Attempt) -> None:
    """Make the calls of the next stage in which there is one; without one the attempt has its answer."""
    for stage in attempt.stages:
        needed = [edge for edge in stage if is_needed(plane, attempt, edge)]
        for edge in needed:
            ask(plane, attempt, edge)
        if needed:
            return
    plane.conclude(attempt, OK)


def is_needed(plane: ReferencePlane, attempt: Attempt, edge: Edge) -> bool:
    """True when the attempt makes this call."""
    call, requests = attempt.call, plane.requests
    purpose, path = MIRROR if call.copy else ATTEMPT, path_of(call.path, attempt.number, edge.number)
    luck = call_luck(U(requests.seed), U(requests.replication), U(call.request), U(path), U(purpose))
    return bool(luck < edge.probability)


def ask(plane: ReferencePlane, attempt: Attempt, edge: Edge) -> None:
    """Make one call and, if it is mirrored, its copy."""
    request, path = attempt.call.request, path_of(attempt.call.path, attempt.number, edge.number)
    call = Call(request, attempt.call.copy, plane.pool_of(request, edge.service, path), edge, path)
    attempt.asked.append(call)
    serving = plane.clock.process(plane.serve(call))
    serving.callbacks.append(lambda ended: hear(plane, attempt, call, ended.value))
    plane.mirror(request, edge, path)


def hear(plane: ReferencePlane, attempt: Attempt, call: Call, answer: Answer) -> None:
    """A call that the attempt has made has ended: it fails with it, waits for others, or goes on."""
    if call not in attempt.asked:  # taken back while the answer was on its way
        return
    attempt.asked.remove(call)
    if answer.reason != Reason.OK and call.edge.required:
        take_back(plane, attempt)
        plane.conclude(attempt, DEPENDENCY)
    elif not attempt.asked:
        make_calls(plane, attempt)


def take_back(plane: ReferencePlane, attempt: Attempt) -> None:
    """Take back all that was called for an attempt, and for that in its turn; then the workers it held go on.

    What waits leaves its queue at once, a worker that only waits for calls is free, one at work goes on to its end.
    """
    todo, ended = [attempt], []
    while todo:
        caller = todo.pop()
        under_way = [call for call in reversed(caller.asked) if not call.is_over]
        caller.asked.clear()
        for call in under_way:
            if cancel(plane, call):
                todo.append(call.attempts[-1])
                ended.append(call.attempts[-1])
    for last in ended:
        if last.over is not None and not last.over.triggered:
            last.over.succeed()


def cancel(plane: ReferencePlane, call: Call) -> bool:
    """A call is over, and nobody hears of it; True when an attempt was under way."""
    callee = plane.callees[call.edge.service]
    is_trying = plane.drop(call.attempts[-1])
    if len(call.attempts) > 1 or not is_trying:
        callee.retrying -= 1
    callee.in_flight -= 1
    plane.write(call, CANCELLED)
    return is_trying
