// Writes one record into a fixed buffer, as a line or as a frame (docs/protocol.md, section 1).
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "tinygate/cobs.hpp"
#include "tinygate/list.hpp"

namespace tinygate {

class LineWriter {
 public:
    // A frame is stuffed where it is written: the buffer needs this much more than the line's or frame's capacity.
    static constexpr size_t slack(size_t capacity) { return cobs_size(capacity) - capacity + 1; }

    LineWriter(char* buffer, size_t capacity) : buffer_(buffer), capacity_(capacity) {}

    // As a line of text, or as a frame.
    void begin_reply(uint32_t sequence, std::string_view boot_id, std::string_view kind, bool framed);
    void field(std::string_view key, std::string_view value);

    // A field whose value is written piece by piece; nothing in the pieces needs escaping.
    void begin_field(std::string_view key);
    void value(std::string_view piece) { put(piece); }
    // The last field: in base64, or the bytes themselves in a frame.
    void data(std::string_view key, std::string_view bytes);

    // Adds CRC and end; what was written is whole if it fits.
    void finish();
    bool fits() const { return written_ <= capacity_; }
    std::string_view line() const { return {buffer_, written_}; }

 private:
    void put(char byte);
    void put(std::string_view bytes);

    std::string_view body() const { return {buffer_ + start_, size_}; }
    void finish_line();
    void finish_frame();

    char* buffer_;
    size_t capacity_;
    bool framed_ = false;
    size_t start_ = 0;    // where the body begins: behind the room that stuffing needs
    size_t size_ = 0;     // of the body that was asked for, which may be more than was written
    size_t written_ = 0;  // of line or frame, once it is finished
};

// A part of the elements of a list, or of the bytes of data: those from `start` on, at most `size`.
struct Slice {
    size_t start = 0;
    size_t size = SIZE_MAX;
};

// Writes the fields of a message, of its lists only a slice; notes how long the longest list is.
class FieldWriter {
 public:
    explicit FieldWriter(LineWriter& line, Slice slice = {}) : line_(line), slice_(slice) {}

    void number(std::string_view key, uint64_t value);
    void hex32(std::string_view key, uint32_t value);
    void text(std::string_view key, std::string_view value) { line_.field(key, value); }
    void numbers(std::string_view key, List<uint32_t> values);
    void names(std::string_view key, List<const char*> values);  // lawful names only
    void data(std::string_view key, std::string_view bytes);

    // A list whose elements `write` writes; nothing in them needs escaping.
    template <class T, class Write>
    void list(std::string_view key, List<T> values, Write write) {
        const auto slice = cut(values);
        for (size_t i = 0; i < slice.size; ++i) {
            if (i == 0) line_.begin_field(key);
            if (i > 0) line_.value(",");
            write(line_, slice[i]);
        }
    }

    size_t longest_list() const { return longest_; }

 private:
    template <class T>
    List<T> cut(List<T> whole) {
        longest_ = std::max(longest_, whole.size);
        const size_t start = std::min(slice_.start, whole.size);
        return {whole.data + start, std::min(slice_.size, whole.size - start)};
    }

    LineWriter& line_;
    Slice slice_;
    size_t longest_ = 0;
};

}  // namespace tinygate
