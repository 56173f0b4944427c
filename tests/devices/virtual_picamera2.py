"""The real picamera2 on libcamera's virtual camera, on a machine without a camera or a Pi's memory heaps.

Frame buffers come from memory files instead of the Pi's heaps, and the display library that picamera2 imports but the
station never uses is an empty module. Everything else is the library as it is.
"""

from __future__ import annotations

import mmap
import os
import sys
import types
from typing import Any

_kms = types.ModuleType("pykms")
_FORMATS = "RGB888 BGR888 XRGB8888 XBGR8888 YUV420 YVU420 MJPEG NV12 YUYV YVYU UYVY VYUY"
_kms.PixelFormat = type("PixelFormat", (), dict.fromkeys(_FORMATS.split()))  # type: ignore[attr-defined]
sys.modules.setdefault("pykms", _kms)

import libcamera  # noqa: E402
import picamera2.picamera2 as module  # noqa: E402
from picamera2 import Picamera2  # noqa: E402
from picamera2.allocators.allocator import Allocator  # noqa: E402


class _Mapped:
    def __init__(self, allocator: Any, buffer: Any, write: bool) -> None:
        self._buffer = buffer

    def __enter__(self) -> mmap.mmap:
        planes = self._buffer.planes
        size = sum(plane.length for plane in planes)
        self._map = mmap.mmap(planes[0].fd, size, mmap.MAP_SHARED, mmap.PROT_READ | mmap.PROT_WRITE)
        return self._map

    def __exit__(self, *_: object) -> None:
        self._map.close()


class _MemoryFiles(Allocator):  # type: ignore[misc]
    def __init__(self) -> None:
        super().__init__()
        self.sync, self.frame_buffers, self.descriptors = _Mapped, {}, []

    def allocate(self, configuration: Any, use_case: Any) -> None:
        for descriptor in self.descriptors:
            os.close(descriptor)
        self.descriptors, self.frame_buffers = [], {}
        for stream in configuration:
            self.frame_buffers[stream.stream] = [self._buffer(stream) for _ in range(stream.buffer_count)]

    def _buffer(self, stream: Any) -> Any:
        descriptor = os.memfd_create("frame")
        os.ftruncate(descriptor, stream.frame_size)
        self.descriptors.append(descriptor)
        luma = stream.stride * stream.size.height
        planes = []
        for offset, length in ((0, luma), (luma, luma // 2)):
            plane = libcamera.FrameBuffer.Plane()
            plane.fd, plane.offset, plane.length = descriptor, offset, length
            planes.append(plane)
        return libcamera.FrameBuffer(planes)

    def buffers(self, stream: Any) -> Any:
        return self.frame_buffers[stream]


class VirtualPicamera2(Picamera2):  # type: ignore[misc]
    """The library, told that the virtual camera has one mode: it asks only for raw ones, which that one lacks."""

    def __init__(self, camera_num: int = 0) -> None:
        super().__init__(camera_num, allocator=_MemoryFiles())

    def _get_raw_modes(self) -> list[dict[str, Any]]:
        return [{"format": "NV12", "size": (1920, 1080)}]

    def close(self) -> None:
        module.DmaAllocator = _MemoryFiles  # closing makes a fresh allocator, of the Pi's kind
        super().close()


def open_camera() -> Any:
    """A virtual camera."""
    return VirtualPicamera2()
