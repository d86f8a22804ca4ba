#include "tinygate/next_boot.hpp"

#include "esp_attr.h"

namespace tinygate {
namespace {

constexpr uint32_t kMagic = 0x7467617e;

// Memory that a software reset leaves alone and power-on fills with noise: hence the magic and the check.
struct Note {
    uint32_t magic;
    uint32_t arena_bytes;
    uint32_t check;  // ~arena_bytes
};

RTC_NOINIT_ATTR Note note;

}  // namespace

void ask_for_arena(uint32_t bytes) {
    note = {kMagic, bytes, ~bytes};
}

void ask_for_usual_arena() {
    note = {};
}

std::optional<uint32_t> take_asked_arena() {
    const Note taken = note;
    note = {};
    if (taken.magic != kMagic || taken.check != ~taken.arena_bytes) return std::nullopt;
    return taken.arena_bytes;
}

}  // namespace tinygate
