"""A whole scenario, small enough to run many times: every strategy, with luck in every part of it."""

from __future__ import annotations

from sim.scenario import Scenario

TEXT = """
apiVersion: rollsim/v1
kind: Scenario
metadata: {name: small}
spec:
  duration: 90s
  warmup: 10s
  seed: 3
  objectives: {availability: 99%, latency: {limit: 200ms, target: 95%}}
  users: {count: 200, segments: {testers: {count: 10, public: false}}}
  traffic: {rate: 30rps}
  services:
    shop:
      replicas: 4
      concurrency: 2
      queueCapacity: 5
      startup: {distribution: lognormal, median: 2s, p99: 4s}
      readinessProbe: {periodSeconds: 1}
      preStop: 1s
      latency: {distribution: lognormal, median: 40ms, p99: 200ms}
      errorRate: 1%
      versions:
        v1: {conversion: {rate: 20%}}
        v2: {conversion: {rate: 25%}, faults: [{errorRate: 20%, latencyFactor: 1.5}]}
  mesh: {timeout: 1s, propagationDelay: 200ms, retries: {attempts: 1, retryOn: [5xx]}}
  monitoring:
    scrapeInterval: 5s
    alerts: [{name: errors, kind: threshold, window: 10s, condition: result > 0.05}]
    onCall: {reaction: {distribution: exponential, mean: 10s}}
  release: {service: shop, from: v1, to: v2}
  strategies:
    recreate: {}
    rollingUpdate: {}
    blueGreen: {previewMatch: [{segment: testers}], autoPromotionSeconds: 10}
    canary:
      steps: [{setWeight: 25}, {pause: {duration: 20s}}, {setWeight: 50}, {pause: {duration: 20s}}]
      analysis: {metric: errorRate, interval: 10s, failureCondition: result > 0.1}
    abTest: {weight: 50, duration: 40s}
    shadow: {duration: 20s, then: rollingUpdate}
    none: {}
  expect:
    - none.excess_failed_requests == 0
    - recreate.downtime_seconds > 0
    - canary.outcome != kept
"""


def small() -> Scenario:
    return Scenario.from_text(TEXT)


STRATEGIES = ("recreate", "rollingUpdate", "blueGreen", "canary", "abTest", "shadow", "none")
