// Why this boot is, and how to end it; some words of RAM that a reset leaves alone carry what flags cannot.
#pragma once

#include <cstdint>
#include <optional>

namespace tinygate {

enum class Ending : uint32_t { kNone, kRestart, kPanic, kTaskWatchdog };

// Reads the flags and forgets them; call once, before anything else asks.
void note_reset();

const char* reset_reason();

// One of `reset_flags`, as the chip holds them; for the console.
uint32_t reset_flags();

// 32 bits that are others at each boot.
uint32_t draw_number();

[[noreturn]] void restart(Ending ending);

}  // namespace tinygate
