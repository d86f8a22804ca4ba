"""Firmware as files: application images, build folders, model sources and sizes."""

from tinygate.firmware.virtual_build import VirtualBuild, build_virtual_app, build_virtual_fast_app

__all__ = ["VirtualBuild", "build_virtual_app", "build_virtual_fast_app"]
