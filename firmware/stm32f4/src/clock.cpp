#include "tinygate/clock.hpp"

#include "stm32f4xx.h"
#include "tinygate/emulation.hpp"
#include "tinygate/ticks.hpp"

namespace tinygate {
namespace {

constexpr uint32_t kResetHz = 16'000'000;  // the internal oscillator
constexpr uint32_t kFullHz = 168'000'000;
constexpr uint32_t kPatience = 1'000'000;  // rounds to wait for an oscillator; a chip whose crystal is dead runs on

// The loop's input is 1 MHz, made 336 times as fast, and halved.
constexpr uint32_t kMultiplier = 336;
#if TINYGATE_CRYSTAL_MHZ
constexpr uint32_t kSource = TINYGATE_CRYSTAL_MHZ | RCC_PLLCFGR_PLLSRC_HSE;
#else
constexpr uint32_t kSource = kResetHz / 1'000'000 | RCC_PLLCFGR_PLLSRC_HSI;
#endif
constexpr uint32_t kUnusedQ = 7 << RCC_PLLCFGR_PLLQ_Pos;

bool wait_for(volatile uint32_t& word, uint32_t mask, uint32_t value) {
    for (uint32_t round = 0; round < kPatience; ++round) {
        if ((word & mask) == value) return true;
    }
    return false;
}

// What is waited for and does not come leaves the clock slower, which hello tells.
void speed_up() {
    RCC->APB1ENR |= RCC_APB1ENR_PWREN;
    PWR->CR |= PWR_CR_VOS;
    FLASH->ACR = FLASH_ACR_LATENCY_5WS | FLASH_ACR_PRFTEN | FLASH_ACR_ICEN | FLASH_ACR_DCEN;
#if TINYGATE_CRYSTAL_MHZ
    RCC->CR |= RCC_CR_HSEON;
    if (!wait_for(RCC->CR, RCC_CR_HSERDY, RCC_CR_HSERDY)) return;
#endif
    RCC->PLLCFGR = kSource | kMultiplier << RCC_PLLCFGR_PLLN_Pos | kUnusedQ;
    RCC->CR |= RCC_CR_PLLON;
    if (!wait_for(RCC->CR, RCC_CR_PLLRDY, RCC_CR_PLLRDY)) return;
    RCC->CFGR = RCC_CFGR_PPRE1_DIV4 | RCC_CFGR_PPRE2_DIV2 | RCC_CFGR_SW_PLL;
    wait_for(RCC->CFGR, RCC_CFGR_SWS, RCC_CFGR_SWS_PLL);
}

bool is_fast() {
    return (RCC->CFGR & RCC_CFGR_SWS) == RCC_CFGR_SWS_PLL;
}

volatile uint32_t turns = 0;  // of the system timer: 24 bits, and 2^24 cycles each

uint64_t ticks() {
    uint32_t before, value;
    do {
        before = turns;
        value = SysTick->VAL;
    } while (before != turns);
    return (uint64_t{before} << 24) + (-value & 0xffffff);
}

}  // namespace

void start_clocks() {
    if (!is_emulated()) speed_up();
    CoreDebug->DEMCR |= CoreDebug_DEMCR_TRCENA_Msk;
    DWT->CTRL |= DWT_CTRL_CYCCNTENA_Msk;
    SysTick->LOAD = 0xffffff;
    SysTick->VAL = 0;
    SysTick->CTRL = SysTick_CTRL_CLKSOURCE_Msk | SysTick_CTRL_TICKINT_Msk | SysTick_CTRL_ENABLE_Msk;
}

uint32_t count_turn() {
    return ++turns;
}

uint32_t turns_so_far() {
    return turns;
}

uint32_t cpu_hz() {
    return is_emulated() || is_fast() ? kFullHz : kResetHz;
}

uint32_t peripheral_hz(bool fast_bus) {
    return is_fast() ? kFullHz / (fast_bus ? 2 : 4) : cpu_hz();
}

// An emulated system timer runs at the chip's clock while every instruction takes a nanosecond.
uint32_t cycle_count() {
    constexpr uint32_t kInstructionsPerUs = 1000;
    if (!is_emulated()) return DWT->CYCCNT;
    return static_cast<uint32_t>(ticks() * kInstructionsPerUs / (kFullHz / 1'000'000));
}

int64_t uptime_us() {
    return static_cast<int64_t>(ticks() / (cpu_hz() / 1'000'000));
}

}  // namespace tinygate
