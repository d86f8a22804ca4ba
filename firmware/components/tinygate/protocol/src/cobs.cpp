#include "tinygate/cobs.hpp"

#include <cstring>

namespace tinygate {
namespace {

constexpr unsigned kFull = 255;  // a run of 254 bytes that no 0x00 follows

}  // namespace

size_t cobs_encode(std::string_view bytes, char* out) {
    size_t code_at = 0;
    size_t written = 1;
    const auto close_run = [&] {
        out[code_at] = static_cast<char>(written - code_at);
        code_at = written++;
    };
    for (const char byte : bytes) {
        if (byte == 0) {
            close_run();
            continue;
        }
        out[written++] = byte;
        if (written - code_at == kFull) close_run();
    }
    out[code_at] = static_cast<char>(written - code_at);
    return written;
}

std::optional<size_t> cobs_decode(char* bytes, size_t size) {
    size_t written = 0;
    for (size_t at = 0; at < size;) {
        const size_t code = static_cast<unsigned char>(bytes[at]);
        if (code == 0 || at + code > size) return std::nullopt;
        std::memmove(bytes + written, bytes + at + 1, code - 1);
        written += code - 1;
        at += code;
        if (code < kFull && at < size) bytes[written++] = 0;
    }
    return written;
}

}  // namespace tinygate
