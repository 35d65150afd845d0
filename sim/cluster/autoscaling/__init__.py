"""Autoscaling: the arithmetic of the HorizontalPodAutoscaler and of KEDA, and the controllers that use it."""
