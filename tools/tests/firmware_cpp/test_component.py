"""tinygate.h in an application: plain C takes it, and switched off it leaves nothing behind."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import pytest
from conftest import COMPONENT, REPOSITORY

APPLICATION = """
#include "tinygate.h"
static void run(bool running, void *context) { *(bool *)context = running; }
int application(void) {
    static bool running;
    const tinygate_config_t config = {.run_application = run, .context = &running};
    return tinygate_start(&config);
}
"""


MANUAL = (REPOSITORY / "docs" / "application.md").read_text(encoding="utf-8")
SENSORS = "void sensors_start(void);\nvoid sensors_stop(void);\nvoid app_main(void);\n"
OWN_MODEL = """
#include <tinygate.h>
namespace tflite { class MicroOpResolver {}; }
alignas(16) static uint8_t arena[64];
alignas(16) extern const unsigned char kws_model[];
extern const unsigned kws_model_bytes;
static const tflite::MicroOpResolver operators;
extern "C" void app_main() {
"""


def compiled(
    folder: Path, setting: str, optimization: str, application: str = APPLICATION, language: str = "c"
) -> bytes:
    """The object file of an application, compiled beside the least of ESP-IDF that the header needs."""
    (folder / "sdkconfig.h").write_text(setting)
    (folder / "esp_err.h").write_text(
        "typedef int esp_err_t;\n#define ESP_OK 0\n#define ESP_ERROR_CHECK(code) (void)(code)\n"
    )
    (folder / f"application.{language}").write_text(application)
    compiler = {"c": ["gcc", "-std=c11"], "cpp": ["g++", "-std=c++17"]}[language]
    command = [*compiler, "-Wall", "-Wextra", "-Werror", f"-O{optimization}", "-c", f"application.{language}"]
    subprocess.run([*command, f"-I{COMPONENT / 'include'}", "-I."], cwd=folder, check=True)
    return (folder / "application.o").read_bytes()


@pytest.mark.usefixtures("compiler")
@pytest.mark.parametrize("optimization", ["0", "g", "s", "2"])
def test_a_build_without_it_holds_no_byte_of_it(tmp_path: Path, optimization: str) -> None:
    assert b"tinygate" not in compiled(tmp_path, "", optimization)
    assert b"tinygate_start" in compiled(tmp_path, "#define CONFIG_TINYGATE 1\n", optimization)


@pytest.mark.usefixtures("compiler")
def test_the_manuals_application_compiles_as_it_stands(tmp_path: Path) -> None:
    (shown,) = re.findall(r"^```c\n(.*?)^```", MANUAL, re.DOTALL | re.MULTILINE)
    assert b"tinygate_start" in compiled(tmp_path, "#define CONFIG_TINYGATE 1\n", "g", SENSORS + shown)
    assert b"tinygate" not in compiled(tmp_path, "", "g", SENSORS + shown)


@pytest.mark.usefixtures("compiler")
def test_the_manuals_application_with_a_model_of_its_own_compiles_as_it_stands(tmp_path: Path) -> None:
    (shown,) = re.findall(r"^```cpp\n(.*?)^```", MANUAL, re.DOTALL | re.MULTILINE)
    application = f"{OWN_MODEL}{shown}}}\n"
    assert b"tinygate_start" in compiled(tmp_path, "#define CONFIG_TINYGATE 1\n", "g", application, "cpp")
