// Events as docs/protocol.md's flat text writes them.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "tinygate/base64.hpp"
#include "tinygate/framing.hpp"

namespace tinygate {

inline std::string to_hex(std::string_view bytes) {
    std::string hex;
    for (const char c : bytes) {
        const auto byte = static_cast<unsigned char>(c);
        hex += "0123456789abcdef"[byte >> 4];
        hex += "0123456789abcdef"[byte & 0xf];
    }
    return hex;
}

inline std::string from_hex(std::string_view hex) {
    std::string bytes;
    for (size_t i = 0; i + 1 < hex.size(); i += 2) {
        bytes += static_cast<char>(std::stoi(std::string(hex.substr(i, 2)), nullptr, 16));
    }
    return bytes;
}

// Data in base64, however it came.
inline std::string shown(const Field& field) {
    std::string text(base64_size(field.value.size()), '\0');
    if (!field.raw) return std::string(field.value);
    base64_encode(field.value, text.data());
    return text;
}

inline std::string flat_fields(const Record& record) {
    std::string row;
    for (const Field& field : record.fields())
        row += "\t" + std::string(field.key) + "=" + to_hex(shown(field));
    return row;
}

inline std::string flat(const Event& event) {
    if (event.kind == Event::Kind::kText) return "text\t" + to_hex(event.raw);
    if (event.kind == Event::Kind::kDamaged) return std::string("damaged\t") + name(event.reason);
    const Record& record = *event.record;
    const char* direction = record.direction == Direction::kRequest ? "Q" : "R";
    return std::string("record\t") + direction + "\t" + std::to_string(record.sequence) + "\t" +
           std::string(record.ident) + "\t" + std::string(record.kind) + flat_fields(record);
}

// The events in `bytes`, for a decoder with a buffer of `limit`.
inline std::vector<std::string> decode(std::string_view bytes, size_t limit) {
    std::vector<char> buffer(limit + Decoder::kSlackBytes);
    Decoder decoder(buffer.data(), limit);
    std::vector<std::string> events;
    for (const char byte : bytes) {
        if (const auto event = decoder.push(byte)) events.push_back(flat(*event));
    }
    return events;
}

}  // namespace tinygate
