// What the core saves when an exception interrupts the application, and how it is told.
#pragma once

#include <cstdint>

namespace tinygate {

struct Frame {
    uint32_t r0, r1, r2, r3, r12, lr, pc, xpsr;
};

// One line with the registers, for arm-none-eabi-addr2line.
void print_frame(const Frame& frame);

}  // namespace tinygate
