// A chip without external memory.
#pragma once

inline bool esp_ptr_external_ram(const void*) {
    return false;
}
