// Whether this is a chip, or an emulator that cannot know a chip's time.
#pragma once

namespace tinygate {

bool is_emulated();

}  // namespace tinygate
