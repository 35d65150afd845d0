"""Argo Rollouts' controller as pure functions: pods, weights and steps of a canary, pauses and pods of blue-green.

counts: pods of the sets. plan: which step, weight, scale and experiment are in force. route: the weight for the router.
status: what one look changes, when a pause is over, when all is done. blue_green: the preview's pods.
"""
