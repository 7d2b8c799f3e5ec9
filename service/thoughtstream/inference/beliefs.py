"""Beliefs about numbers (Gaussian) and about which of several it is (Dirichlet; Beta for two).

Each is kept in the form in which what is learned adds up: a Gaussian as precision and precision
times mean, a Dirichlet as counts. Arrays of any shape are that many independent beliefs.

All information is in nats. Free energy is what a belief expects to be surprised by, and how far it
is from its prior; at the exact posterior it is -ln of the evidence, and nowhere less. Source:
Friston 2010; Beal 2003 (chapter 2) for conjugate models.
"""

import math
from dataclasses import dataclass
from typing import Any, TypeVar

import numpy as np

from thoughtstream.inference.arrays import Floats, at_least_zero, numbers, positive
from thoughtstream.inference.gamma import digamma, log_gamma

_LOG_TAU = math.log(2 * math.pi)


@dataclass(frozen=True, eq=False)
class Gaussian:
    """Beliefs about numbers. `precision`: 1 / variance, over 0; `shift`: precision times mean."""

    precision: Floats
    shift: Floats

    @classmethod
    def of(cls, mean: Any, variance: Any) -> "Gaussian":
        """By mean and variance (over 0), in the number's unit and its square.

        Raises:
            ValueError: they are no finite numbers, or the variance is not over 0.
        """
        precision = 1 / positive("variance", variance)
        return cls(precision, precision * numbers("mean", mean))

    @property
    def mean(self) -> Floats:
        """In the number's unit."""
        return self.shift / self.precision

    @property
    def variance(self) -> Floats:
        """In the number's unit, squared."""
        return 1 / self.precision

    def after(self, values: Any, noise: Any) -> "Gaussian":
        """The posterior when values were seen: of the shape (n, *beliefs), `noise` being the
        variance of each about the number. Source: Murphy 2007, eq. 20.

        Raises:
            ValueError: a value is no finite number, or the noise is not over 0.
        """
        told = 1 / positive("noise", noise)
        seen = numbers("values", values)
        weights = np.broadcast_to(told, seen.shape)
        return Gaussian(
            self.precision + weights.sum(axis=0), self.shift + (weights * seen).sum(axis=0)
        )

    def fused(self, *others: "Gaussian", prior: "Gaussian") -> "Gaussian":
        """What this and others know together, who all began with the same prior and then saw
        different things: the prior counts once. Source: Genest and Zidek 1986; Wu et al. 2023.

        Raises:
            ValueError: one of them knows less than the prior.
        """
        spare = len(others)
        precision = sum((one.precision for one in others), self.precision)
        shift = sum((one.shift for one in others), self.shift)
        precision = precision - spare * prior.precision
        if not (precision > 0).all():
            raise ValueError("prior: is surer than what began with it; give the one they share")
        return Gaussian(precision, shift - spare * prior.shift)

    def divergence(self, other: "Gaussian") -> Floats:
        """KL(self ‖ other), 0 or more, of the beliefs' shape."""
        ratio = other.precision * self.variance
        apart = (self.mean - other.mean) ** 2 * other.precision
        found: Floats = 0.5 * (ratio + apart - 1 - np.log(ratio))
        return found

    def surprise(self, values: Any, noise: Any) -> Floats:
        """How improbable it finds each value, -ln of its density, before it has learned from it.

        Raises: as `after`.
        """
        spread = self.variance + positive("noise", noise)
        apart = numbers("values", values) - self.mean
        found: Floats = 0.5 * (_LOG_TAU + np.log(spread) + apart**2 / spread)
        return found

    def expected_surprise(self, values: Any, noise: Any) -> Floats:
        """-ln of each value's density, expected over the belief. The term ln(noise) must be there:
        without it, whoever is least sure always wins.

        Raises: as `after`.
        """
        around = positive("noise", noise)
        apart = numbers("values", values) - self.mean
        found: Floats = 0.5 * (_LOG_TAU + np.log(around) + (apart**2 + self.variance) / around)
        return found

    def free_energy(self, prior: "Gaussian", values: Any, noise: Any) -> Floats:
        """Of this belief when values (n, *beliefs) were seen, of the beliefs' shape.

        Raises: as `after`.
        """
        surprise = self.expected_surprise(values, noise).sum(axis=0)
        found: Floats = surprise + self.divergence(prior)
        return found


_Counts = TypeVar("_Counts", bound="Dirichlet")


@dataclass(frozen=True, eq=False)
class Dirichlet:
    """Beliefs about how probable each of K kinds is. `counts`: (*beliefs, K), over 0: how often
    each was seen, and what the prior adds to that (all 1: nothing is known).
    """

    counts: Floats

    def __post_init__(self) -> None:
        counts = positive("counts", self.counts)
        if not counts.ndim or counts.shape[-1] < 2:
            raise ValueError(f"counts: has the shape {counts.shape}; give at least two kinds")
        object.__setattr__(self, "counts", counts)

    @property
    def mean(self) -> Floats:
        """How probable each kind is, (*beliefs, K)."""
        found: Floats = self.counts / self.counts.sum(axis=-1, keepdims=True)
        return found

    @property
    def expected_log(self) -> Floats:
        """The expected ln of each probability, (*beliefs, K)."""
        return digamma(self.counts) - digamma(self.counts.sum(axis=-1, keepdims=True))

    def after(self: _Counts, seen: Any) -> _Counts:
        """The posterior when each kind was seen so often, (*beliefs, K); a share of a time is one,
        too. Source: Gelman et al. 2013, section 3.4.

        Raises:
            ValueError: a count is negative, or none.
        """
        return type(self)(self.counts + at_least_zero("seen", seen))

    def fused(self: _Counts, *others: _Counts, prior: _Counts) -> _Counts:
        """What this and others know together, who all began with the same prior and then saw
        different things: the prior counts once.

        Raises:
            ValueError: one of them knows less than the prior.
        """
        spare = len(others) * prior.counts
        return type(self)(sum((one.counts for one in others), self.counts) - spare)

    def divergence(self, other: "Dirichlet") -> Floats:
        """KL(self ‖ other), 0 or more, of the beliefs' shape. Source: Penny 2001."""
        apart = (self.counts - other.counts) * self.expected_log
        found: Floats = _log_norm(other.counts) - _log_norm(self.counts) + apart.sum(axis=-1)
        return found

    def free_energy(self, prior: "Dirichlet", seen: Any) -> Floats:
        """Of this belief when kinds were seen, one after the other, so often each.

        Raises: as `after`.
        """
        surprise = -(at_least_zero("seen", seen) * self.expected_log).sum(axis=-1)
        found: Floats = surprise + self.divergence(prior)
        return found

    def log_evidence(self, seen: Any) -> Floats:
        """ln of how probable, to this as a prior, what was seen is, in the order in which it was.

        Raises: as `after`.
        """
        return _log_norm(self.after(seen).counts) - _log_norm(self.counts)


class Beta(Dirichlet):
    """Beliefs about how probable something is: of two kinds, the first being that it happens."""

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.counts.shape[-1] != 2:
            raise ValueError(f"counts: has {self.counts.shape[-1]} kinds; a Beta has two")

    @classmethod
    def of(cls, happened: Any = 1.0, did_not: Any = 1.0) -> "Beta":
        """By the two counts; both 1: nothing is known.

        Raises:
            ValueError: a count is not over 0.
        """
        return cls(
            np.stack([positive("happened", happened), positive("did_not", did_not)], axis=-1)
        )

    @property
    def probability(self) -> Floats:
        """How probable it is, 0 to 1, of the beliefs' shape."""
        found: Floats = self.mean[..., 0]
        return found


def _log_norm(counts: Floats) -> Floats:
    """ln of the multivariate beta function."""
    found: Floats = log_gamma(counts).sum(axis=-1) - log_gamma(counts.sum(axis=-1))
    return found
