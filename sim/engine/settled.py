"""Requests after a run: those that came, in order of arrival."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from sim.engine.protocol import Answers, Requests


def with_own_arrivals(requests: Requests) -> Requests:
    """Return requests whose arrivals an engine may write, where some come only after an answer."""
    return requests if requests.reactions is None else replace(requests, arrival=requests.arrival.copy())


def settled(requests: Requests, answers: Answers) -> tuple[Requests, Answers]:
    """Return the requests that came, numbered in order of arrival, and the answers to these numbers.

    `key` keeps the number that a request has under any strategy.
    """
    if requests.reactions is None:
        return requests, answers
    came = np.flatnonzero(~np.isnan(requests.arrival))
    key = came[np.argsort(requests.arrival[came], kind="stable")]
    number = np.full(len(requests.arrival), -1, np.int64)
    number[key] = np.arange(len(key))
    found = replace(
        requests,
        arrival=requests.arrival[key],
        user=requests.user[key],
        conversion=requests.conversion[key],
        endpoint=None if requests.endpoint is None else requests.endpoint[key],
        patience=None if requests.patience is None else requests.patience[key],
        reactions=None,
        key=key,
    )
    asked = number[answers.request]
    for column in (found.arrival, found.user, found.conversion, found.endpoint, found.patience, key, asked):
        if column is not None:
            column.setflags(write=False)
    return found, replace(answers, request=asked)
