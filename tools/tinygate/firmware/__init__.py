"""Firmware as files: application images, build folders, model sources and sizes."""
