// Turns infer requests back into windows: whole ones as they are, pieces of one put together.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "tinygate/requests.hpp"
#include "tinygate/text.hpp"

namespace tinygate {

class WindowAssembly {
 public:
    // `buffer` holds one window of `window_bytes`.
    WindowAssembly(char* buffer, size_t window_bytes) : buffer_(buffer), window_bytes_(window_bytes) {}

    // Puts the windows that a request completes, one after the other, into `windows`: none for a piece that
    // leaves its window incomplete. False if length, count or offset are unlawful; a window begun is then
    // forgotten.
    bool add(const InferRequest& request, std::string_view& windows, Sentence& problem);

    // Forgets a window that was begun, and lends its buffer.
    char* lend() {
        begun_ = 0;
        return buffer_;
    }

 private:
    bool continues(const InferRequest& request) const;

    char* buffer_;
    size_t window_bytes_;
    size_t begun_ = 0;
    uint32_t index_ = 0;
};

}  // namespace tinygate
