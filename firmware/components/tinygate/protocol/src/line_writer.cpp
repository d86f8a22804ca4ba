#include "tinygate/line_writer.hpp"

#include <algorithm>

#include "tinygate/base64.hpp"
#include "tinygate/crc32.hpp"
#include "tinygate/framing.hpp"
#include "tinygate/text.hpp"

namespace tinygate {
namespace {

bool is_safe(char c) {
    return is_printable(c) && c != ' ' && c != '%' && c != '@';
}

}  // namespace

void LineWriter::put(char byte) {
    if (size_ < capacity_) buffer_[start_ + size_] = byte;
    ++size_;
}

void LineWriter::put(std::string_view bytes) {
    if (size_ + bytes.size() <= capacity_) std::copy(bytes.begin(), bytes.end(), buffer_ + start_ + size_);
    size_ += bytes.size();
}

void LineWriter::begin_reply(uint32_t sequence, std::string_view boot_id, std::string_view kind,
                             bool framed) {
    framed_ = framed;
    start_ = framed ? slack(capacity_) : 0;
    put(framed ? std::string_view(&kMark, 1) : kPrefix);
    put("R ");
    put(Digits::decimal(sequence).view());
    put(' ');
    put(boot_id);
    put(' ');
    put(kind);
}

void LineWriter::begin_field(std::string_view key) {
    put(' ');
    put(key);
    put('=');
}

void LineWriter::field(std::string_view key, std::string_view value) {
    begin_field(key);
    for (const char c : value) {
        if (is_safe(c)) {
            put(c);
            continue;
        }
        const auto byte = static_cast<unsigned char>(c);
        put('%');
        put("0123456789ABCDEF"[byte >> 4]);
        put("0123456789ABCDEF"[byte & 0xf]);
    }
}

void LineWriter::data(std::string_view key, std::string_view bytes) {
    if (framed_) {
        put('\n');
        return put(bytes);
    }
    begin_field(key);
    const size_t size = base64_size(bytes.size());
    if (size_ + size <= capacity_) base64_encode(bytes, buffer_ + size_);
    size_ += size;
}

void LineWriter::finish() {
    const uint32_t crc = size_ <= capacity_ ? crc32(body()) : 0;
    put(" *");
    put(Digits::hex32(crc).view());
    framed_ ? finish_frame() : finish_line();
}

void LineWriter::finish_line() {
    put("\r\n");
    written_ = size_;
}

void LineWriter::finish_frame() {
    const bool whole = size_ <= capacity_;
    written_ = 2 + (whole ? cobs_encode(body(), buffer_ + 1) : size_);
    if (whole) buffer_[0] = buffer_[written_ - 1] = 0;
}

void FieldWriter::number(std::string_view key, uint64_t value) {
    line_.begin_field(key);
    line_.value(Digits::decimal(value).view());
}

void FieldWriter::hex32(std::string_view key, uint32_t value) {
    line_.begin_field(key);
    line_.value(Digits::hex32(value).view());
}

void FieldWriter::numbers(std::string_view key, List<uint32_t> values) {
    list(key, values, [](LineWriter& line, uint32_t value) { line.value(Digits::decimal(value).view()); });
}

void FieldWriter::names(std::string_view key, List<const char*> values) {
    list(key, values, [](LineWriter& line, const char* value) { line.value(value); });
}

void FieldWriter::data(std::string_view key, std::string_view bytes) {
    const auto slice = cut(List<char>{bytes.data(), bytes.size()});
    if (slice.empty()) return;
    line_.data(key, {slice.data, slice.size});
}

}  // namespace tinygate
