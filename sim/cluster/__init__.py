"""The control plane, on SimPy: pods and their controllers, routes, noticing; requests are served by the engine."""
