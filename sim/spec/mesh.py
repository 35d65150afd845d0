"""The service mesh: balancing, timeouts, retries and ejection, with Istio's meaning and defaults."""

from __future__ import annotations

import re
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BeforeValidator, Field, StrictBool, WithJsonSchema, model_validator

from sim.spec.distributions import Constant, Law
from sim.spec.model import Model, PlacedError, did_you_mean
from sim.units import Duration, Percent, PositiveDuration, Quantity, Share, format_duration

# Source: Envoy's x-envoy-retry-on and x-envoy-retry-grpc-on; Istio 1.24 retries the first four unless told otherwise.
RETRY_CONDITIONS = (
    "connect-failure",
    "refused-stream",
    "unavailable",
    "cancelled",
    "5xx",
    "gateway-error",
    "reset",
)
DEFAULT_RETRY_ON = RETRY_CONDITIONS[:4]
RETRY_ON = {"anyOf": [{"type": "string"}, {"type": "array", "items": {"type": "string"}, "maxItems": 20}]}
STATUS_CODE = re.compile(r"[45]\d\d")
MOST_ATTEMPTS = 10


def _words(value: Any) -> Any:
    return [word.strip() for word in value.split(",")] if isinstance(value, str) else value


def _known(condition: str) -> str:
    if condition in RETRY_CONDITIONS or STATUS_CODE.fullmatch(condition):
        return condition
    raise ValueError(f"is {condition!r:.60}{did_you_mean(condition, (*RETRY_CONDITIONS, '503'))}")


RetryOn = Annotated[
    tuple[Annotated[str, AfterValidator(_known)], ...], BeforeValidator(_words), WithJsonSchema(RETRY_ON)
]


class Retries(Model):
    """Second tries by the mesh, at another pod if there is one."""

    attempts: Annotated[int, Quantity("count", high=MOST_ATTEMPTS)] = Field(
        2, description="Most retries of a request; 0 turns retries off."
    )
    per_try_timeout: PositiveDuration | None = Field(
        None, description="Timeout of one attempt; without it, the whole timeout."
    )
    retry_on: RetryOn = Field(
        DEFAULT_RETRY_ON,
        max_length=20,
        description="What is retried: a list, or Istio's words with commas. A 500 is retried only by 5xx or 500.",
    )
    backoff: Duration = Field(0.025, description="Base wait before a retry; it doubles, with jitter, as in Envoy.")


class RetryBudget(Model):
    """How many retries may be under way at once."""

    percent: Percent = Field(20.0, description="Retries per 100 requests under way.")
    min_retry_concurrency: Annotated[int, Quantity("count", high=10_000)] = Field(
        3, description="So many retries are always allowed."
    )


class SuccessRate(Model):
    """Ejects pods that succeed far less often than the others, looked at every interval."""

    minimum_hosts: Annotated[int, Quantity("count", low=1, high=10_000)] = Field(
        5, description="Fewest pods with enough requests; with fewer, nobody is compared."
    )
    request_volume: Annotated[int, Quantity("count", low=1, high=1_000_000)] = Field(
        100, description="Fewest requests of a pod in an interval; with fewer, it is not compared."
    )
    stdev_factor: Annotated[int, Quantity("count", high=100_000)] = Field(
        1900, description="A pod is ejected below mean - stdevFactor / 1000 x standard deviation, as Envoy writes it."
    )


class FailurePercentage(Model):
    """Ejects pods that fail too often, whatever the others do, looked at every interval."""

    threshold: Percent = Field(85.0, description="Failures per 100 requests from which a pod is ejected.")
    minimum_hosts: Annotated[int, Quantity("count", low=1, high=10_000)] = Field(
        5, description="Fewest pods with enough requests; with fewer, nobody is ejected."
    )
    request_volume: Annotated[int, Quantity("count", low=1, high=1_000_000)] = Field(
        50, description="Fewest requests of a pod in an interval; with fewer, it is not looked at."
    )


InARow = Annotated[int, Quantity("count", high=10_000)]
LONGEST_EJECTION = 300.0  # Source: Envoy, max_ejection_time when it is not given; never below the base


class OutlierDetection(Model):
    """Taking a pod out of the balancing: after failures in a row, or for failing more than the others."""

    consecutive_5xx_errors: InARow = Field(
        5, alias="consecutive5xxErrors", description="Answers of 5xx in a row that eject a pod; 0 turns this off."
    )
    consecutive_gateway_errors: InARow = Field(
        0, description="Answers of 502, 503 or 504 in a row that eject a pod; 0 turns this off."
    )
    split_external_local_origin_errors: StrictBool = Field(
        False,
        description="Counts what the proxy sees itself (refused, reset, timeout) apart from answers; else as 5xx.",
    )
    consecutive_local_origin_failures: InARow = Field(
        5, description="Failures seen by the proxy in a row that eject a pod, when they are split; 0 turns this off."
    )
    success_rate: SuccessRate | None = Field(
        None, description="Compares the pods' success rates; Envoy's, which Istio leaves off. Without it, off."
    )
    failure_percentage: FailurePercentage | None = Field(
        None, description="Bounds each pod's share of failures; Envoy's, which Istio leaves off. Without it, off."
    )
    interval: PositiveDuration = Field(
        10.0, description="Between two looks at which pods may return and at the rates of all."
    )
    base_ejection_time: PositiveDuration = Field(
        30.0, description="Time out, multiplied by the number of ejections so far."
    )
    max_ejection_time: PositiveDuration | None = Field(
        None, description="Longest time out; without it, 300s or the base, whichever is longer."
    )
    max_ejection_percent: Percent = Field(
        10.0, description="Most pods of a service ejected at once; one is always allowed."
    )
    min_health_percent: Percent = Field(
        0.0, description="With a smaller share of pods left, ejected ones are used like all others (Envoy's panic)."
    )

    @property
    def longest_ejection(self) -> float:
        """Return the longest time out in seconds."""
        return self.max_ejection_time or max(LONGEST_EJECTION, self.base_ejection_time)

    @model_validator(mode="after")
    def _has_effect(self) -> OutlierDetection:
        if self.max_ejection_time is not None and self.max_ejection_time < self.base_ejection_time:
            # Source: Envoy refuses such a configuration.
            longest, base = format_duration(self.max_ejection_time), format_duration(self.base_ejection_time)
            raise PlacedError(("maxEjectionTime",), f"is {longest}; must be at least baseEjectionTime, {base}")
        local = "consecutive_local_origin_failures"
        if local in self.model_fields_set and not self.split_external_local_origin_errors:
            message = "has no effect; must have splitExternalLocalOriginErrors: true beside it"
            raise PlacedError(("consecutiveLocalOriginFailures",), message)
        in_a_row = self.consecutive_5xx_errors or self.consecutive_gateway_errors
        by_proxy = self.split_external_local_origin_errors and self.consecutive_local_origin_failures
        if not (in_a_row or by_proxy or self.success_rate or self.failure_percentage):
            raise ValueError("ejects nobody; must count some errors in a row, or compare rates")
        return self


class HttpPool(Model):
    """How many requests the mesh lets be under way at once; more are answered 503 at once (circuit_open)."""

    http2_max_requests: Annotated[int, Quantity("count", low=1, high=1_000_000)] | None = Field(
        None, description="Requests under way to a version's pods, served or waiting; without it, no limit."
    )
    http1_max_pending_requests: Annotated[int, Quantity("count", low=1, high=1_000_000)] | None = Field(
        None,
        description="Requests that wait for a connection, where tcp.maxConnections bounds them; without it, no limit.",
    )
    max_retries: Annotated[int, Quantity("count", high=1_000_000)] | None = Field(
        None, description="Retries under way; without it, no limit. A retry above it is not made."
    )


CONNECT_TIMEOUT = 10.0


class Network(Model):
    """What lies between the proxies and the pods."""

    proxy_latency: Law = Field(
        Constant(value=0.0), description="From a proxy to a pod, and as long again back; each way draws its own."
    )
    connection_setup: Law = Field(
        Constant(value=0.0), description="To make a connection, where connectionPool.tcp.maxConnections bounds them."
    )
    loss: Share = Field(
        0.0, description="Requests that never arrive; the mesh sees a refused connection after connectTimeout."
    )

    @model_validator(mode="after")
    def _has_effect(self) -> Network:
        if self == Network.model_construct():
            raise ValueError("has no effect; must have proxyLatency, connectionSetup or loss")
        return self


class TcpPool(Model):
    """How many connections the mesh has at once."""

    max_connections: Annotated[int, Quantity("count", low=1, high=1_000_000)] | None = Field(
        None,
        description="To all pods of a version, HTTP/1.1: one request at a time each; one to a pod is always allowed.",
    )
    connect_timeout: PositiveDuration | None = Field(
        None, description="Until a connection counts as refused, with network.loss or connectionSetup; without it, 10s."
    )


class ConnectionPool(Model):
    """Circuit breaking. Without a key there is no limit: so Istio sets Envoy up, whose own are 1024 and 3."""

    tcp: TcpPool = Field(TcpPool(), description="Limits of connections; with one, requests are HTTP/1.1, else HTTP/2.")

    http: HttpPool = Field(HttpPool(), description="Limits of requests; HTTP/1.1 included, as in Istio.")

    @model_validator(mode="after")
    def _has_effect(self) -> ConnectionPool:
        if self.http == HttpPool() and self.tcp == TcpPool():
            raise ValueError("has no effect; must have tcp.maxConnections, http.http2MaxRequests or http.maxRetries")
        if self.http.http1_max_pending_requests is not None and self.tcp.max_connections is None:
            message = "has no effect; must have tcp.maxConnections beside it"
            raise PlacedError(("http", "http1MaxPendingRequests"), message)
        return self


class LeastRequest(Model):
    """How the less busy pod is found."""

    choice_count: Annotated[int, Quantity("count", low=2, high=16)] = Field(
        2, description="So many pods at random are compared; more come nearer to the least busy of all."
    )


class RingHash(Model):
    """The ring of points on which users find their pods."""

    minimum_ring_size: Annotated[int, Quantity("count", low=1, high=65_536)] = Field(
        1024, description="Fewest points on the ring, shared out evenly; more make the pods' shares more equal."
    )


class HttpCookie(Model):
    """A cookie; every user has an own one."""

    name: str = Field(min_length=1, max_length=100, description="Name of the cookie; it stands for the user.")


class ConsistentHash(Model):
    """What decides about the pod. A header, a cookie and an address all stand for the user here."""

    http_header_name: str | None = Field(
        None, min_length=1, max_length=100, description="The header that is hashed; it stands for the user."
    )
    http_cookie: HttpCookie | None = Field(None, description="The cookie that is hashed; it stands for the user.")
    use_source_ip: StrictBool = Field(False, description="The address is hashed; it stands for the user.")
    ring_hash: RingHash = Field(RingHash(), description="How the ring is laid.")

    @model_validator(mode="after")
    def _has_one_key(self) -> ConsistentHash:
        # Source: Istio's DestinationRule, where these keys are alternatives.
        keys = [self.http_header_name is not None, self.http_cookie is not None, self.use_source_ip]
        if sum(keys) > 1:
            raise ValueError("must have one of httpHeaderName, httpCookie, useSourceIp")
        return self


class Ewma(Model):
    """How latencies are remembered."""

    decay_time: PositiveDuration = Field(
        10.0, description="After this time a latency counts e times less; Finagle's and Linkerd's default."
    )


class Warmup(Model):
    """Slow start: a pod that comes gets a small share at first, which grows to the full one."""

    duration: PositiveDuration = Field(description="Until a pod gets its full share.")
    minimum_percent: Percent = Field(10.0, description="Smallest share of a new pod, in percent of the full one.")
    aggression: Annotated[float, Quantity("number", low=1, high=100)] = Field(
        1.0,
        description="1 grows evenly with time; more grows faster at first (the time's part to the power of 1 over it).",
    )


class RateLimit(Model):
    """A bucket of tokens: a request takes one, or is answered 429 (rate_limited). It is full at its start."""

    max_tokens: Annotated[int, Quantity("count", low=1, high=1_000_000)] = Field(
        description="Most tokens in the bucket: so many requests may come at once."
    )
    tokens_per_fill: Annotated[int, Quantity("count", low=1, high=1_000_000)] = Field(
        1, description="Tokens that are added at the end of every interval."
    )
    fill_interval: Annotated[float, Quantity("duration", low=0.05, high=86_400)] = Field(
        description="Between two fills; Envoy takes no less than 50ms."
    )
    per: Literal["pod", "proxy"] = Field(
        "pod", description="A bucket for each pod, at its own proxy, or one for all users, at the proxy they enter by."
    )


class Mesh(Model):
    """A service mesh in front of every service; without one, Kubernetes picks a random pod."""

    load_balancer: Literal["leastRequest", "roundRobin", "random", "consistentHash", "ewma"] = Field(
        "leastRequest", description="How a pod of the chosen version is picked."
    )
    least_request: LeastRequest | None = Field(
        None, description="With loadBalancer leastRequest only; without it, two pods are compared."
    )
    consistent_hash: ConsistentHash | None = Field(
        None, description="With loadBalancer consistentHash only; without it, a ring of 1024 points."
    )
    ewma: Ewma | None = Field(None, description="With loadBalancer ewma only; without it, a decay time of 10s.")
    warmup: Warmup | None = Field(
        None, description="Slow start of new pods, with roundRobin and leastRequest only; without it, off."
    )
    propagation_delay: Law = Field(Constant(value=1.0), description="From a change of routes until proxies follow it.")
    timeout: PositiveDuration | None = Field(
        None, description="Timeout of a request with its retries; without it, none."
    )
    retries: Retries = Field(Retries(), description="Second tries.")
    retry_budget: RetryBudget | None = Field(None, description="Bounds retries under way; without it, no bound.")
    connection_pool: ConnectionPool | None = Field(None, description="Circuit breaking; without it, no limit.")
    network: Network | None = Field(None, description="Latency and loss between proxies and pods; without it, none.")
    rate_limit: RateLimit | None = Field(None, description="Envoy's local rate limit; without it, none.")
    outlier_detection: OutlierDetection | None = Field(None, description="Ejects failing pods; without it, off.")

    @property
    def connect_timeout(self) -> float:
        """Return the seconds until a connection counts as refused. Source: Istio's default."""
        given = self.connection_pool.tcp.connect_timeout if self.connection_pool else None
        return given or CONNECT_TIMEOUT

    @model_validator(mode="after")
    def _fits_together(self) -> Mesh:
        own = {
            "leastRequest": self.least_request,
            "consistentHash": self.consistent_hash,
            "ewma": self.ewma,
        }
        for kind, settings in own.items():
            if settings is not None and self.load_balancer != kind:
                raise PlacedError((kind,), f"has no effect with loadBalancer {self.load_balancer}; must be left out")
        if self.warmup is not None and self.load_balancer not in ("roundRobin", "leastRequest"):
            message = f"has no effect with loadBalancer {self.load_balancer}; must be left out"
            raise PlacedError(("warmup",), message)  # Source: Istio's DestinationRule
        tcp = self.connection_pool.tcp if self.connection_pool else TcpPool()
        makes = self.network is not None and self.network.connection_setup != Constant(value=0.0)
        if makes and tcp.max_connections is None:
            message = "has no effect; must have connectionPool.tcp.maxConnections"  # HTTP/2 makes its connections once
            raise PlacedError(("network", "connectionSetup"), message)
        if tcp.connect_timeout is not None and not (makes or (self.network is not None and self.network.loss)):
            message = "has no effect; must have network.loss or network.connectionSetup"
            raise PlacedError(("connectionPool", "tcp", "connectTimeout"), message)
        limits = self.connection_pool.http if self.connection_pool else HttpPool()
        if self.retry_budget is not None and limits.max_retries is not None:
            # Source: Envoy's circuit breaker, where a retry budget replaces max_retries.
            message = "and retryBudget both bound the retries; must be one of them"
            raise PlacedError(("connectionPool", "http", "maxRetries"), message)
        return self
