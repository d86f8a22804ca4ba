// A supply that sinks below what this clock needs is told, and ends the boot: what is computed then counts for nothing.
#include "tinygate/supply.hpp"

#include "stm32f4xx.h"
#include "tinygate/reset.hpp"
#include "tinygate/serial_port.hpp"

namespace tinygate {
namespace {

constexpr uint32_t k2_7V = PWR_CR_PLS_LEV5;  // with five wait states flash needs 2.7 V at 168 MHz

}  // namespace

void watch_supply() {
    PWR->CR = (PWR->CR & ~PWR_CR_PLS) | k2_7V | PWR_CR_PVDE;
    EXTI->RTSR |= EXTI_RTSR_TR16;
    EXTI->IMR |= EXTI_IMR_MR16;
    NVIC_EnableIRQ(PVD_IRQn);
}

}  // namespace tinygate

extern "C" void supply_handler() {
    tinygate::print("\r\nbrown-out: the supply is below 2.7 V\r\n");
    tinygate::restart(tinygate::Ending::kPanic);
}
