#include "tinygate/emulation.hpp"

#include <cstdint>

#include "sdkconfig.h"

#if CONFIG_IDF_TARGET_ESP32
#include "soc/rtc_io_reg.h"
#include "soc/sens_reg.h"
#include "soc/syscon_reg.h"
#endif

namespace tinygate {
namespace {

#if CONFIG_TINYGATE_EMULATED
bool detect() {
    return true;
}
#elif CONFIG_IDF_TARGET_ESP32
// Each of these registers holds the date of its block's design, a constant that is never 0 in silicon.
// Emulators that leave a block out read 0. Should this ever be wrong about a chip, the chip's time is
// reported as not measured: the error is seen, and no invented latency is believed.
bool detect() {
    const auto is_zero = [](uintptr_t address) {
        return *reinterpret_cast<volatile const uint32_t*>(address) == 0;
    };
    return is_zero(RTC_IO_DATE_REG) || is_zero(SENS_SARDATE_REG) || is_zero(SYSCON_DATE_REG);
}
#else
bool detect() {
    return false;
}
#endif

}  // namespace

bool is_emulated() {
    static const bool emulated = detect();
    return emulated;
}

}  // namespace tinygate
