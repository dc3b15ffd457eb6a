"""The kinds of jobs: by the operation that starts one, how to ask for it, what its states mean, and what it gives."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from attrs import field, frozen

from ..errors import ConfigurationError


@frozen(slots=True)
class Kind:
    """What is known of the jobs that one operation starts. Operations are named by their operationIds."""

    start: str
    """The operation that starts the job."""
    poll: str
    """The operation that tells how far it is."""
    id: str
    """The job's identifier: a parameter of `poll`, and a field of the answer, or an argument, of `start`.

    All other path parameters of `poll` are arguments of `start` by the same name.
    """
    done: tuple[str, ...]
    """The states of a job that is done. Any state that is neither here nor in `failed` is one of a job under way."""
    failed: tuple[str, ...]
    """The states of a job that ended without a result, or whose result is gone."""
    state: str = field(default="status", kw_only=True)
    """The field with the state, in the answer of `poll`."""
    reason: str = field(default="", kw_only=True)
    """The field that says why the job failed; empty if there is none."""
    hints: Mapping[str, str] = field(factory=dict, kw_only=True)
    """What a state of failure means, and what helps."""
    suffix: str = field(default="", kw_only=True)
    """What the name of the file ends with that the job makes; empty if it makes none."""
    cancel: str = field(default="", kw_only=True)
    """The operation that ends the job before its time; empty if there is none."""
    items: str = field(default="", kw_only=True)
    """The operation that lists what the job did or made, piece by piece; empty if there is none."""
    defaults: Mapping[str, Any] = field(factory=dict, kw_only=True)
    """Arguments of `start`, unless others are given."""
    seconds: float = field(default=5.0, kw_only=True)
    """How long a job usually takes."""
    lasts: str = field(default="", kw_only=True)
    """The field with the seconds that the job certainly takes; empty if there is none."""


IMAGE, VIDEO = "exportSoraCamDeviceRecordedImage", "exportSoraCamDeviceRecordedVideo"
ANALYSIS = "startAnalysisQueries"

_FILE_EXPORTS = (
    "exportAirStats", "exportBeamStats", "exportFunkStats", "exportFunnelStats", "exportHarvestStats",
    "exportBilling", "exportLatestBilling", "exportPaymentStatement", "exportSubscribers",
)  # fmt: skip
"""The operations that answer a FileExportResponse."""

_CAMERA_HINTS = {
    "limitExceeded": "the export time of the camera is used up: getSoraCamDeviceExportUsage tells how much there is",
    "expired": "its file is there for 10 minutes only: start the export again, which counts again, and save it at once",
}


def _file_export(start: str) -> Kind:
    return Kind(
        start,
        "getExportedFile",
        "exported_file_id",
        ("exported",),
        ("failed",),
        suffix=".csv",
        defaults={"export_mode": "async"},  # large files time out with `sync`
    )


def _camera_export(start: str, poll: str, suffix: str, seconds: float, defaults: Mapping[str, Any]) -> Kind:
    return Kind(
        start,
        poll,
        "export_id",
        ("completed",),
        ("failed", "limitExceeded", "expired"),
        hints=_CAMERA_HINTS,
        suffix=suffix,
        seconds=seconds,
        defaults=defaults,
    )


def _capture(of: str) -> Kind:
    return Kind(
        f"create{of}PacketCaptureSession",
        f"get{of}PacketCaptureSession",
        "session_id",
        ("DONE", "STOPPED"),
        ("FAILED",),
        reason="failed_reason",
        suffix=".pcap",
        cancel=f"stop{of}PacketCaptureSession",
        lasts="duration",
    )


KINDS: Mapping[str, Kind] = {
    kind.start: kind
    for kind in (
        Kind(ANALYSIS, "getAnalysisQueries", "query_id", ("COMPLETED",), ("FAILED",), suffix=".gz"),
        *map(_file_export, _FILE_EXPORTS),
        _camera_export(IMAGE, "getSoraCamDeviceExportedImage", ".jpg", 5.0, {}),
        # One file that plays, instead of a ZIP archive.
        _camera_export(VIDEO, "getSoraCamDeviceExportedVideo", ".mp4", 15.0, {"archive": False}),
        Kind("sendDiagnosticRequest", "getDiagnostic", "diagnostic_id", ("done",), ("failed",)),
        Kind(
            "createBatchJob",
            "getBatchJob",
            "job_id",
            ("completed",),
            ("failed", "aborted"),
            reason="error_message",
            hints={
                "failed": "all tasks were run, and some failed: items(status='error') of the job lists them",
                "aborted": "it stopped at a task that failed: items(status='error') of the job lists it",
            },
            items="listTasksOfBatchJob",
        ),
        Kind(
            "confirmProfileOrder",
            "getProfileOrder",
            "profile_order_id",
            ("COMPLETED",),
            ("FAILED",),
            items="listOrderedProfiles",
            seconds=10.0,
        ),
        Kind(
            "confirmOrder",
            "getOrder",
            "order_id",
            # The parcel takes days: an order is done once it is paid.
            ("ordered", "kitting", "shipped", "receiving", "received"),
            ("cancelling", "cancelled", "failed"),
            state="order_status",
            cancel="cancelOrder",
            items="listOrderedSubscribers",
            seconds=30.0,
        ),
        _capture("Sim"),
        _capture(""),
    )
}
"""Every kind, by the operationId that starts it."""

NOT_JOBS: Mapping[str, str] = {
    "createProfileOrder": "it makes a draft, which waits to be confirmed: confirmProfileOrder starts the work",
    "createQuotation": "it makes an offer, which waits to be confirmed: confirmOrder starts the work",
    "createCouponQuotation": "it makes an offer, which waits to be confirmed: call confirmCouponOrder",
    "createVolumeDiscountQuotation": "it makes an offer, which waits to be confirmed: call confirmVolumeDiscountOrder",
    "registerCoupon": "the coupon is registered when it answers: call it",
}
"""Operations that might be taken for a job's start, and what to do instead."""


def kind_of(operation_id: str) -> Kind:
    """Return the kind of the jobs that an operation starts; raises ConfigurationError if it starts none."""
    kind = KINDS.get(operation_id)
    if kind is None:
        why = NOT_JOBS.get(operation_id) or f"it is done when it answers: call it. Jobs are: {', '.join(KINDS)}"
        raise ConfigurationError(f"{operation_id} starts no job: {why}")
    return kind
