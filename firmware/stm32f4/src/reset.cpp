#include "tinygate/reset.hpp"

#include "stm32f4xx.h"
#include "tinygate/emulation.hpp"
#include "tinygate/next_boot.hpp"

namespace tinygate {
namespace {

constexpr uint32_t kMagic = 0x7467617e;
constexpr uint32_t kPatience = 10'000;

// RAM that a reset leaves alone and power-on fills with noise: hence the magic and the check.
struct Note {
    uint32_t seed;   // an emulator writes another one at each start: it has no source of noise
    uint32_t boots;  // since that start
    uint32_t magic;
    uint32_t ending;
    uint32_t arena_bytes;
    uint32_t check;
};

__attribute__((section(".note_of_boot"))) volatile Note note;

uint32_t check_of(uint32_t ending, uint32_t arena_bytes) {
    return ~(ending * 31 + arena_bytes);
}

void write_note(Ending ending, uint32_t arena_bytes) {
    note.magic = kMagic;
    note.ending = static_cast<uint32_t>(ending);
    note.arena_bytes = arena_bytes;
    note.check = check_of(note.ending, arena_bytes);
}

uint32_t flags = 0;
Ending last_ending = Ending::kNone;
uint32_t asked_arena = 0;   // of this boot
uint32_t wished_arena = 0;  // for the next one

const char* reason_of_software() {
    switch (last_ending) {
        case Ending::kPanic:
            return "panic";
        case Ending::kTaskWatchdog:
            return "task_wdt";
        default:
            return "sw";
    }
}

// Thorough mixing of few bits: finalizer of MurmurHash3.
uint32_t mixed(uint32_t value) {
    value = (value ^ value >> 16) * 0x85ebca6b;
    value = (value ^ value >> 13) * 0xc2b2ae35;
    return value ^ value >> 16;
}

}  // namespace

void note_reset() {
    flags = RCC->CSR;
    RCC->CSR |= RCC_CSR_RMVF;
    const uint32_t ending = note.ending, arena_bytes = note.arena_bytes;
    if (note.magic == kMagic && note.check == check_of(ending, arena_bytes)) {
        last_ending = static_cast<Ending>(ending);
        asked_arena = arena_bytes;
    }
    note.magic = 0;
    note.boots = note.boots + 1;
}

uint32_t reset_flags() {
    return flags;
}

// Every reset pulls the pin's flag too, and power-on that of the brown-out: the rarest is asked for first.
const char* reset_reason() {
    if (is_emulated()) return last_ending == Ending::kNone ? "poweron" : reason_of_software();
    if (flags & (RCC_CSR_IWDGRSTF | RCC_CSR_WWDGRSTF)) return "wdt";
    if (flags & RCC_CSR_SFTRSTF) return reason_of_software();
    if (flags & RCC_CSR_PORRSTF) return "poweron";
    if (flags & RCC_CSR_BORRSTF) return "brownout";
    if (flags & RCC_CSR_LPWRRSTF) return "unknown";
    return flags & RCC_CSR_PINRSTF ? "ext" : "unknown";
}

uint32_t draw_number() {
    if (is_emulated()) return mixed(note.seed + note.boots);
    RCC->AHB2ENR |= RCC_AHB2ENR_RNGEN;
    RNG->CR |= RNG_CR_RNGEN;
    for (uint32_t round = 0; round < kPatience; ++round) {
        if (RNG->SR & RNG_SR_DRDY) return RNG->DR;
    }
    return mixed(note.boots + DWT->CYCCNT);  // its clock is off, as when the fast clock did not start
}

void ask_for_arena(uint32_t bytes) {
    wished_arena = bytes;
}

void ask_for_usual_arena() {
    wished_arena = 0;
}

std::optional<uint32_t> take_asked_arena() {
    return asked_arena > 0 ? std::optional(asked_arena) : std::nullopt;
}

// A wish counts for a boot that was asked for alone: should that one die of it, the next is a usual one.
void restart(Ending ending) {
    write_note(ending, ending == Ending::kRestart ? wished_arena : 0);
    __DSB();
    NVIC_SystemReset();
}

}  // namespace tinygate
