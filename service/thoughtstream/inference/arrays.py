"""What the functions of inference take, checked: a bad array is named, with what it should be."""

from typing import Any

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]

_OFF = 1e-6
"""Probabilities that were written down with six digits add up to one within this."""


def numbers(name: str, given: Any) -> Floats:
    """Finite numbers, of any shape.

    Raises:
        ValueError: they are none.
    """
    try:
        array = np.asarray(given, dtype=np.float64)
    except (TypeError, ValueError):
        raise ValueError(f"{name}: are no numbers; give floats, in rows of one length") from None
    if not np.isfinite(array).all():
        raise ValueError(f"{name}: has NaN or infinity; give finite numbers")
    return array


def positive(name: str, given: Any) -> Floats:
    """Finite numbers over 0, of any shape.

    Raises:
        ValueError: they are none.
    """
    array = numbers(name, given)
    _check(name, array, array > 0, "numbers over 0")
    return array


def at_least_zero(name: str, given: Any) -> Floats:
    """Finite numbers, none of them negative, of any shape.

    Raises:
        ValueError: they are none.
    """
    array = numbers(name, given)
    _check(name, array, array >= 0, "numbers of 0 or more")
    return array


def _check(name: str, array: Floats, is_right: npt.NDArray[np.bool_], wanted: str) -> None:
    if not is_right.all():
        raise ValueError(f"{name}: has {array.min():g}; give {wanted}")


def distributions(name: str, given: Any, *, axis: int = 0) -> Floats:
    """Probabilities that add up to one along an axis.

    Raises:
        ValueError: they don't, or one is negative, or there is none.
    """
    array = at_least_zero(name, given)
    if not array.ndim or not array.shape[axis]:
        raise ValueError(f"{name}: is empty; give at least one probability")
    sums = array.sum(axis=axis)
    if np.abs(sums - 1).max(initial=0) > _OFF:
        worst = sums.flat[int(np.abs(sums - 1).argmax())]
        raise ValueError(f"{name}: adds up to {worst:.6g} along axis {axis}; make that 1")
    return array


def share(name: str, given: float) -> float:
    """A number from 0 to 1.

    Raises:
        ValueError: it is none.
    """
    if not 0 <= given <= 1:
        raise ValueError(f"{name}: is {given}; give a number from 0 to 1")
    return float(given)


def same_shape(name: str, array: Floats, shape: tuple[int, ...]) -> Floats:
    """The array, if it has this shape.

    Raises:
        ValueError: it has another.
    """
    if array.shape != shape:
        raise ValueError(f"{name}: has the shape {array.shape}; give {shape}")
    return array


def log_sum(logs: Floats, *, axis: int = -1) -> Floats:
    """ln Σ exp, along an axis, without overflow; -∞ where all are."""
    most = logs.max(axis=axis, keepdims=True)
    most = np.where(np.isfinite(most), most, 0)
    with np.errstate(divide="ignore"):
        summed = np.log(np.exp(logs - most).sum(axis=axis))
    found: Floats = summed + most.squeeze(axis)
    return found


def log(array: Floats) -> Floats:
    """ln, and -∞ of 0."""
    with np.errstate(divide="ignore"):
        found: Floats = np.log(array)
    return found


def times_log(weights: Floats, logs: Floats) -> Floats:
    """weight times log, and 0 where the weight is 0, whatever the logarithm."""
    found: Floats = weights * np.where(weights > 0, logs, 0)
    return found
