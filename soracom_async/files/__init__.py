"""Bodies in chunks: downloads and uploads."""

from __future__ import annotations

from .content import Content
from .downloads import (
    Download,
    Progress,
    Streaming,
    with_progress,
)

__all__ = ["Content", "Download", "Progress", "Streaming", "with_progress"]
