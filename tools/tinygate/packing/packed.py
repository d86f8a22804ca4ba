"""What a file weighs on its way to a device: packed by gzip -9 and by zstd -19, as the tools of these names pack it."""

from __future__ import annotations

import shutil
import subprocess
import zlib

GZIP_LEVEL, ZSTD_LEVEL = 9, 19
_GZIP_FRAME_BYTES = 18  # header without a name, checksum and length
_TIMEOUT_S = 60


def gzip_tool() -> str:
    """Return who packs for `gzip_bytes`: GNU gzip and zlib differ by up to one per cent."""
    return "gzip" if shutil.which("gzip") else f"zlib {zlib.ZLIB_RUNTIME_VERSION}"


def gzip_bytes(content: bytes) -> int:
    """Return the size of a .gz of the content, by the tool if it is there, else by zlib."""
    if tool := shutil.which("gzip"):
        command = [tool, f"-{GZIP_LEVEL}", "-c"]
        done = subprocess.run(command, input=content, capture_output=True, timeout=_TIMEOUT_S, check=True)
        return len(done.stdout)
    packer = zlib.compressobj(GZIP_LEVEL, zlib.DEFLATED, -zlib.MAX_WBITS)
    return len(packer.compress(content) + packer.flush()) + _GZIP_FRAME_BYTES


def zstd_bytes(content: bytes) -> int:
    """Return the size of a .zst of the content, with its checksum."""
    import zstandard

    return len(zstandard.ZstdCompressor(level=ZSTD_LEVEL, write_checksum=True).compress(content))
