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
    std::array<char, 24> unique_id_{};
    Sentence revision_;
    Sentence flash_mode_;
    Sentence sdk_;
    uint32_t boot_id_;
};

}  // namespace tinygate
