#include "tinygate/emulation.hpp"

#include "stm32f4xx.h"

namespace tinygate {

// A running chip's clock control is never 0: its internal oscillator is on after a reset. An emulator that leaves
// the block out reads 0. Should this ever be wrong about a chip, the chip's time is reported as not measured.
bool is_emulated() {
    static const bool emulated = RCC->CR == 0;
    return emulated;
}

}  // namespace tinygate
