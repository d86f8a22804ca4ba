#include "tinygate/identity.hpp"

#include <cstdlib>

#include "bootloader_random.h"
#include "esp_app_desc.h"
#include "esp_chip_info.h"
#include "esp_flash.h"
#include "esp_idf_version.h"
#include "esp_mac.h"
#include "esp_random.h"
#include "esp_rom_sys.h"
#include "esp_system.h"
#include "esp_timer.h"
#include "sdkconfig.h"
#include "tinygate/emulation.hpp"
#if CONFIG_SPIRAM
#include "esp_psram.h"
#endif

namespace tinygate {
namespace {

#if CONFIG_COMPILER_OPTIMIZATION_PERF
constexpr const char* kOptimization = "O2";
#elif CONFIG_COMPILER_OPTIMIZATION_SIZE
constexpr const char* kOptimization = "Os";
#elif CONFIG_COMPILER_OPTIMIZATION_NONE
constexpr const char* kOptimization = "O0";
#else
constexpr const char* kOptimization = "Og";
#endif

// Before version 6 CONFIG_ESPTOOLPY_FLASHMODE says "dio" for qio too, which the bootloader switches on.
#if CONFIG_ESPTOOLPY_FLASHMODE_QIO
constexpr const char* kFlashMode = "qio";
#elif CONFIG_ESPTOOLPY_FLASHMODE_QOUT
constexpr const char* kFlashMode = "qout";
#else
constexpr const char* kFlashMode = CONFIG_ESPTOOLPY_FLASHMODE;
#endif

#if CONFIG_NN_ANSI_C
constexpr const char* kKernels = "esp-nn " TINYGATE_ESP_NN_VERSION "-ansi";
#else
constexpr const char* kKernels = "esp-nn " TINYGATE_ESP_NN_VERSION;
#endif

#if CONFIG_SPIRAM
constexpr uint32_t kPsramMhz = CONFIG_SPIRAM_SPEED;
uint32_t psram_bytes() {
    return esp_psram_get_size();
}
#else
constexpr uint32_t kPsramMhz = 0;
uint32_t psram_bytes() {
    return 0;
}
#endif

const char* reset_reason() {
    switch (esp_reset_reason()) {
        case ESP_RST_POWERON:
            return "poweron";
        case ESP_RST_EXT:
            return "ext";
        case ESP_RST_SW:
            return "sw";
        case ESP_RST_PANIC:
            return "panic";
        case ESP_RST_INT_WDT:
            return "int_wdt";
        case ESP_RST_TASK_WDT:
            return "task_wdt";
        case ESP_RST_WDT:
            return "wdt";
        case ESP_RST_DEEPSLEEP:
            return "deepsleep";
        case ESP_RST_BROWNOUT:
            return "brownout";
        case ESP_RST_SDIO:
            return "sdio";
#if ESP_IDF_VERSION >= ESP_IDF_VERSION_VAL(5, 1, 7)
        case ESP_RST_USB:
            return "usb";
        case ESP_RST_JTAG:
            return "jtag";
        case ESP_RST_PWR_GLITCH:
            return "power_glitch";
        case ESP_RST_CPU_LOCKUP:
            return "cpu_lockup";
#endif
        default:
            return "unknown";
    }
}

void write_hex(const uint8_t* bytes, size_t count, char separator, char* out) {
    for (size_t i = 0; i < count; ++i) {
        if (i > 0 && separator != 0) *out++ = separator;
        *out++ = "0123456789abcdef"[bytes[i] >> 4];
        *out++ = "0123456789abcdef"[bytes[i] & 0xf];
    }
}

// The generator's noise source is on while the bootloader runs and off afterwards: switched on for this one
// number.
uint32_t draw_boot_id() {
    bootloader_random_enable();
    const uint32_t number = esp_random();
    bootloader_random_disable();
    return number;
}

Sentence revision_text(unsigned revision) {
    Sentence text;
    return text << revision / 100 << "." << revision % 100;
}

}  // namespace

Identity::Identity() : psram_bytes_(psram_bytes()), boot_id_(draw_boot_id()) {
    const esp_app_desc_t* app = esp_app_get_description();
    write_hex(app->app_elf_sha256, sizeof app->app_elf_sha256, 0, elf_sha256_.data());

    uint8_t mac[6] = {};  // stays 0 when the fuses hold none, as in an emulator
    esp_read_mac(mac, ESP_MAC_EFUSE_FACTORY);
    write_hex(mac, sizeof mac, ':', mac_.data());

    esp_chip_info_t chip = {};
    esp_chip_info(&chip);
    revision_ = revision_text(chip.revision);
    sdk_ << "ESP-IDF " << esp_get_idf_version();
    cores_ = chip.cores;
    cpu_mhz_ = esp_rom_get_cpu_ticks_per_us();
    esp_flash_get_size(nullptr, &flash_bytes_);
}

void Identity::describe(Hello& hello) const {
    hello.app_version = std::string_view(esp_app_get_description()->version);
    hello.app_sha256 = {elf_sha256_.data(), elf_sha256_.size()};
    hello.target = CONFIG_IDF_TARGET;
    hello.chip_revision = revision_.view();
    hello.chip_id = {mac_.data(), mac_.size()};
    hello.cores = cores_;
    hello.cpu_mhz = cpu_mhz_;
    hello.flash_mhz = static_cast<uint32_t>(std::atoi(CONFIG_ESPTOOLPY_FLASHFREQ));
    hello.flash_mode = kFlashMode;
    hello.flash_bytes = flash_bytes_;
    hello.external_ram_mhz = kPsramMhz;
    hello.external_ram_bytes = psram_bytes_;
    hello.optimization = kOptimization;
    hello.kernels = kKernels;
    hello.sdk = sdk_.view();
    hello.tflm_version = "esp-tflite-micro " TINYGATE_TFLM_VERSION;
    hello.reset_reason = reset_reason();
    hello.uptime_us = static_cast<uint64_t>(esp_timer_get_time());
    hello.emulated = is_emulated() ? "qemu" : "none";
    hello.timing = is_emulated() ? "none" : "cycles";
}

}  // namespace tinygate
