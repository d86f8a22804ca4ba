// Who answers, and the configuration without which a latency means nothing.
#pragma once

#include <array>
#include <cstdint>
#include <string_view>

#include "tinygate/replies.hpp"

namespace tinygate {

// Read once at boot; the strings that hello refers to live here.
class Identity {
 public:
    Identity();
    Identity(const Identity&) = delete;
    Identity& operator=(const Identity&) = delete;

    // Fills in all that is known without the model.
    void describe(Hello& hello) const;

    // Drawn anew at each boot.
    uint32_t boot_id() const { return boot_id_; }

 private:
    std::array<char, 64> elf_sha256_{};
    std::array<char, 17> mac_{};
    Sentence revision_;
    Sentence sdk_;
    uint32_t cores_ = 0;
    uint32_t cpu_mhz_ = 0;
    uint32_t flash_bytes_ = 0;
    uint32_t psram_bytes_ = 0;
    uint32_t boot_id_ = 0;
};

}  // namespace tinygate
