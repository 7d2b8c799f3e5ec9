"""What a cycle did, told to traces."""

from thoughtstream.attention.models import CycleReport
from thoughtstream.tracing.traces import Traces


def tell(traces: Traces, mind: str, report: CycleReport, took_s: float) -> None:
    """Tell of the thoughts that a cycle attended and anchored, which has just ended."""
    attended = report.attended
    if attended is not None:
        traces.attended(mind, attended.window, attended.id, report.context, took_s)
    if report.anchored_ids:
        traces.anchored(mind, report.anchored_ids, took_s)
