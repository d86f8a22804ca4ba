// What one boot leaves for the next: the arena's size, for that boot alone.
#pragma once

#include <cstdint>
#include <optional>

namespace tinygate {

void ask_for_arena(uint32_t bytes);
void ask_for_usual_arena();

// What the boot before asked for. Forgotten by asking: should this boot die of it, the next is a usual one.
std::optional<uint32_t> take_asked_arena();

}  // namespace tinygate
