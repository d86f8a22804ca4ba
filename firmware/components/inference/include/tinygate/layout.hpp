// sizeof and alignof of what lives in the arena, so that a host can predict the arena of any model.
#pragma once

#include "tinygate/replies.hpp"

namespace tinygate {

Layout arena_layout();

}  // namespace tinygate
