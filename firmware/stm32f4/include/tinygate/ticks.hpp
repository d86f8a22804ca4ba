// Turns of the system timer: each ends in an interrupt, which the watchdog takes as its clock.
#pragma once

#include <cstdint>

namespace tinygate {

uint32_t count_turn();
uint32_t turns_so_far();

}  // namespace tinygate
