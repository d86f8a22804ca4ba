// The application's stack: filled with a pattern at boot, so that its low-water mark shows.
#pragma once

#include <cstdint>

namespace tinygate {

void fill_stack();

uint32_t stack_size();
uint32_t stack_least_free();

// Makes the bytes below the stack a place whose use is a fault.
void guard_stack();

bool is_in_guard(uint32_t address);

}  // namespace tinygate
