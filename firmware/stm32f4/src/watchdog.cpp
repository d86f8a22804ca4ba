// Two watchdogs: one in software that tells where the application hangs, and the chip's own behind it, which resets
// even a core that takes no interrupts any more.
#include "tinygate/watchdog.hpp"

#include "stm32f4xx.h"
#include "tinygate/clock.hpp"
#include "tinygate/fault.hpp"
#include "tinygate/reset.hpp"
#include "tinygate/serial_port.hpp"
#include "tinygate/ticks.hpp"

namespace tinygate {
namespace {

constexpr uint32_t kPatienceS = 10;
constexpr uint32_t kTicksPerTurn = 1 << 24;
constexpr uint32_t kChipsTicks = 2500;  // of 8 ms: 20 s, as exact as the chip's slow oscillator
constexpr uint32_t kStart = 0xcccc, kUnlock = 0x5555, kFeed = 0xaaaa, kDivideBy256 = 6;

volatile bool watching = false;
volatile uint32_t fed_at = 0;

}  // namespace

void watch_this_task() {
    IWDG->KR = kStart;
    IWDG->KR = kUnlock;
    IWDG->PR = kDivideBy256;
    IWDG->RLR = kChipsTicks;
    watching = true;
    feed_watchdog();
}

void feed_watchdog() {
    IWDG->KR = kFeed;
    fed_at = turns_so_far();
}

}  // namespace tinygate

extern "C" void watchdog_tick(const tinygate::Frame* interrupted) {
    using namespace tinygate;
    const uint32_t turn = count_turn();
    if (!watching || turn - fed_at < kPatienceS * cpu_hz() / kTicksPerTurn) return;
    print("\r\nwatchdog: the application has not come back for 10 s\r\n");
    print_frame(*interrupted);
    restart(Ending::kTaskWatchdog);
}
