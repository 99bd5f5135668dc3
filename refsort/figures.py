"""Figures, as PNG, PDF or SVG files: the extra ``plot`` (matplotlib) draws them, and nothing else needs it."""

from __future__ import annotations

import io
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from refsort.atomic import atomic_write

FORMATS = ("png", "pdf", "svg")


def require(path: str | Path) -> None:
    """Raise an error unless a figure can be written to `path`: before the work, and not after.

    Raises
    ------
    ModuleNotFoundError
        Without matplotlib; says how to get it.
    ValueError
        For an ending that is not one of `FORMATS`.
    """
    if Path(path).suffix[1:] not in FORMATS:
        raise ValueError(f"{path}: a figure's name ends in one of {', '.join('.' + name for name in FORMATS)}")
    _figure(1, 1, (1, 1))


def available() -> bool:
    """Whether matplotlib is there."""
    try:
        _figure(1, 1, (1, 1))
    except ModuleNotFoundError:
        return False
    return True


def curves(
    path: str | Path,
    x: ArrayLike | Sequence[str],
    lines: Mapping[str, Sequence[float | None]],
    *,
    title: str = "",
    x_label: str = "",
    y_label: str = "",
    y_limits: tuple[float, float] | None = None,
    width: float = 6.0,
) -> None:
    """One line for each name, over common abscissae, numbers or names; None leaves a gap."""
    figure, axes = _figure(1, 1, (width, 4.0))
    for name, values in lines.items():
        axes[0][0].plot(x, [np.nan if v is None else v for v in values], marker="o", markersize=3, label=name)
    _labelled(axes[0][0], title, x_label, y_label)
    if not np.issubdtype(np.asarray(x).dtype, np.number):
        axes[0][0].tick_params(axis="x", labelsize=7)
    if y_limits is not None:
        axes[0][0].set_ylim(*y_limits)
    axes[0][0].legend(frameon=False)
    _save(figure, path)


def histograms(
    path: str | Path,
    panels: Mapping[str, Mapping[str, ArrayLike]],
    *,
    bins: int = 40,
    limits: tuple[float, float] = (0.0, 1.1),
    x_label: str = "",
) -> None:
    """A panel for each name, one below the other, with the shares of several samples in it."""
    figure, axes = _figure(len(panels), 1, (6.0, 1.0 + 1.8 * len(panels)))
    edges = np.linspace(*limits, bins + 1)
    for ax, (title, samples) in zip(axes[:, 0], panels.items(), strict=True):
        for name, sample in samples.items():
            values = np.clip(np.ravel(np.asarray(sample, dtype=np.float64)), *limits)
            ax.hist(values, edges, weights=np.full(values.size, 1 / max(1, values.size)), alpha=0.6, label=name)
        _labelled(ax, title, x_label if title == list(panels)[-1] else "", "share")
        ax.legend(frameon=False)
    _save(figure, path)


def pictures(path: str | Path, rows: Mapping[str, ArrayLike], *, symmetric: Mapping[str, bool] | None = None) -> None:
    """Rows of square pictures, (n, side^2) each: grey from 0 to 1, or red and blue around 0 where `symmetric`."""
    arrays = {name: np.asarray(images, dtype=np.float64) for name, images in rows.items()}
    count = max(len(images) for images in arrays.values())
    figure, axes = _figure(len(arrays), count, (0.9 * count + 1.2, 0.95 * len(arrays) + 0.2))
    for line, (name, images) in zip(axes, arrays.items(), strict=True):
        signed = bool((symmetric or {}).get(name))
        for k, ax in enumerate(line):
            ax.set_xticks([])
            ax.set_yticks([])
            if k >= len(images):
                ax.axis("off")
                continue
            side = round(images.shape[1] ** 0.5)
            top = np.max(np.abs(images[k])) or 1.0
            limits = (-top, top) if signed else (0.0, 1.0)
            ax.imshow(
                images[k].reshape(side, side), cmap="RdBu" if signed else "gray_r", vmin=limits[0], vmax=limits[1]
            )
        line[0].set_ylabel(name, rotation=0, ha="right", va="center", fontsize=8)
    _save(figure, path)


def surfaces(path: str | Path, x: ArrayLike, y: ArrayLike, panels: Mapping[str, ArrayLike]) -> None:
    """Filled contours of functions of the plane side by side, on one scale: values (len(y), len(x)) for each name."""
    arrays = {name: np.asarray(values, dtype=np.float64) for name, values in panels.items()}
    low, high = min(map(np.min, arrays.values())), max(map(np.max, arrays.values()))
    step = 10.0 ** np.floor(np.log10((high - low) / 10 or 1.0))
    first = np.floor(low / step)
    levels = step * np.arange(first, max(np.ceil(high / step), first + 1) + 1)
    figure, axes = _figure(len(arrays), 1, (6.0, 0.6 + 2.4 * len(arrays)))
    filled = None
    for ax, (name, values) in zip(axes[:, 0], arrays.items(), strict=True):
        filled = ax.contourf(x, y, values, levels=levels, cmap="viridis")
        ax.contour(x, y, values, levels=levels, colors="white", linewidths=0.3)
        ax.set_aspect("equal")
        _labelled(ax, name, "", "")
    figure.colorbar(filled, ax=axes[:, 0].tolist(), shrink=0.6, ticks=levels[::-5])
    _save(figure, path)


def _labelled(ax: Any, title: str, x_label: str, y_label: str) -> None:
    ax.set_title(title, fontsize=10)
    ax.set_xlabel(x_label)
    ax.set_ylabel(y_label)
    for side in ("top", "right"):
        ax.spines[side].set_visible(False)


def _figure(rows: int, columns: int, size: tuple[float, float]) -> tuple[Any, Any]:
    """A figure that no window is opened for, and its axes, (rows, columns)."""
    try:
        from matplotlib.backends.backend_agg import FigureCanvasAgg
        from matplotlib.figure import Figure
    except ImportError as error:
        raise ModuleNotFoundError(
            "figures need matplotlib, which is not installed: pip install 'refsort[plot]'"
        ) from error
    figure = Figure(figsize=size, layout="constrained")
    FigureCanvasAgg(figure)
    return figure, figure.subplots(rows, columns, squeeze=False)


def _save(figure: Any, path: str | Path) -> None:
    buffer = io.BytesIO()
    figure.savefig(buffer, format=Path(path).suffix[1:], dpi=150)
    with atomic_write(path) as file:
        file.write(buffer.getvalue())
