// The chip's voltage detector.
#pragma once

namespace tinygate {

void watch_supply();

}  // namespace tinygate
