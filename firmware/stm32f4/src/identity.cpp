#include "tinygate/identity.hpp"

#include "stm32f4xx.h"
#include "tinygate/clock.hpp"
#include "tinygate/emulation.hpp"
#include "tinygate/reset.hpp"

namespace tinygate {
namespace {

#if !defined(__OPTIMIZE__)
#define TINYGATE_LEVEL "O0"
#elif defined(__OPTIMIZE_SIZE__)
#define TINYGATE_LEVEL "Os"
#else
#define TINYGATE_LEVEL TINYGATE_OPTIMIZATION
#endif

// What the compiler was told, not what the build file meant to tell it.
#if __ARM_FP
constexpr const char* kOptimization = TINYGATE_LEVEL "+fpu";
#else
constexpr const char* kOptimization = TINYGATE_LEVEL "+softfloat";
#endif

constexpr uint32_t kEmulatedFlashBytes = 1024 * 1024;

// Filled in after linking, with the digits of the ELF file's sha256; volatile, so that nobody takes them for known.
__attribute__((section(".app_sha256"), used)) const volatile char kAppSha256[64] = {'0'};

std::string_view app_sha256() {
    return {const_cast<const char*>(kAppSha256), sizeof kAppSha256};
}

std::array<char, 24> unique_id() {
    std::array<char, 24> text;
    text.fill('0');
    if (is_emulated()) return text;  // there is nothing to read, not even an address
    const auto* bytes = reinterpret_cast<const volatile uint8_t*>(UID_BASE);
    for (size_t i = 0; i < text.size(); ++i)
        text[i] = "0123456789abcdef"[bytes[i / 2] >> (i % 2 == 0 ? 4 : 0) & 0xf];
    return text;
}

Sentence revision() {
    Sentence text;
    if (is_emulated()) return text << "0";
    return text << "0x" << Digits::hex32(DBGMCU->IDCODE).view();
}

// What flash does to hide how slow it is, as the chip is set now.
Sentence flash_mode() {
    const uint32_t settings = FLASH->ACR;
    Sentence text;
    text << (settings & FLASH_ACR_LATENCY) << "ws";
    if (settings & FLASH_ACR_PRFTEN) text << "+prefetch";
    if (settings & FLASH_ACR_ICEN) text << "+icache";
    if (settings & FLASH_ACR_DCEN) text << "+dcache";
    return text;
}

Sentence sdk() {
    Sentence text;
    return text << "CMSIS-Device-F4 " TINYGATE_DEVICE_VERSION ", GCC " __VERSION__;
}

uint32_t flash_bytes() {
    return is_emulated() ? kEmulatedFlashBytes : 1024U * *reinterpret_cast<const volatile uint16_t*>(FLASHSIZE_BASE);
}

}  // namespace

Identity::Identity()
    : unique_id_(unique_id()), revision_(revision()), flash_mode_(flash_mode()), sdk_(sdk()), boot_id_(draw_number()) {}

void Identity::describe(Hello& hello) const {
    hello.app_version = TINYGATE_VERSION;
    hello.app_sha256 = app_sha256();
    hello.target = "stm32f4";
    hello.chip_revision = revision_.view();
    hello.chip_id = {unique_id_.data(), unique_id_.size()};
    hello.cores = 1;
    hello.cpu_mhz = cpu_hz() / 1'000'000;
    hello.flash_mhz = hello.cpu_mhz / ((FLASH->ACR & FLASH_ACR_LATENCY) + 1);
    hello.flash_mode = flash_mode_.view();
    hello.flash_bytes = flash_bytes();
    hello.optimization = kOptimization;
    hello.kernels = "CMSIS-NN " TINYGATE_CMSIS_NN_VERSION;
    hello.sdk = sdk_.view();
    hello.tflm_version = "tflite-micro " TINYGATE_TFLM_VERSION;
    hello.reset_reason = reset_reason();
    hello.uptime_us = static_cast<uint64_t>(uptime_us());
    hello.emulated = is_emulated() ? "qemu" : "none";
    hello.timing = is_emulated() ? "none" : "cycles";
}

}  // namespace tinygate
