// Finds records in received bytes, lines and frames, with one bounded buffer (docs/protocol.md, section 1). Twin
// of protocol/framing.py and decoder.py.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

#include "tinygate/list.hpp"

namespace tinygate {

constexpr std::string_view kPrefix = "@TG3 ";
constexpr char kMark = 3;  // what a frame's bytes begin with
constexpr size_t kMaxReplyLineBytes = 4096;
constexpr size_t kMaxFields = 64;

enum class Direction { kRequest, kReply };

// Why a piece of a line that could have been a record is none.
enum class Reason { kTruncated, kTooLong, kLineTooLong, kBadFrame, kBadCrc, kBadRecord };

const char* name(Reason reason);

struct Field {
    std::string_view key;
    std::string_view value;  // unescaped
    bool raw = false;        // the bytes themselves, as a frame carries data
};

// A record whose text lies in the decoder's buffer: it lives until the next byte is pushed.
class Record {
 public:
    Direction direction = Direction::kRequest;
    uint32_t sequence = 0;
    std::string_view ident;  // the nonce in a request, the boot id in a reply
    std::string_view kind;
    uint32_t crc32 = 0;   // as received
    bool framed = false;  // came as a frame

    List<Field> fields() const { return {fields_.data(), size_}; }
    bool add(Field field);  // false if the key is there already, or there is no room
    void clear() { size_ = 0; }

 private:
    std::array<Field, kMaxFields> fields_{};
    size_t size_ = 0;
};

// What a byte completed; `raw` and `record` live until the next byte is pushed.
struct Event {
    enum class Kind { kRecord, kText, kDamaged };

    Kind kind;
    Reason reason;         // of kDamaged
    std::string_view raw;  // of kText and kDamaged; no more than the buffer's limit
    const Record* record;  // of kRecord
};

class Decoder {
 public:
    // Room that the decoder needs beyond the limit: for the prefix that may follow a full line.
    static constexpr size_t kSlackBytes = kPrefix.size();

    // `buffer` holds max_line_bytes + kSlackBytes; max_line_bytes excludes the line end.
    Decoder(char* buffer, size_t max_line_bytes) : buffer_(buffer), limit_(max_line_bytes) {}

    std::optional<Event> push(char byte);

    // Whether what has come since the last event can only be console text.
    bool is_in_text() const { return !in_frame_ && !after_zero_ && held().substr(0, kPrefix.size()) != kPrefix; }

 private:
    enum class End { kAtLine, kAtZero, kAtPrefix };

    std::optional<Event> finish(size_t size, End end);
    std::optional<Event> bound();
    Event parse_line(size_t size);
    Event parse_frame(size_t size);
    Event check(std::string_view piece, size_t size, size_t start, bool framed);
    Event overlong(size_t size, bool is_record) const;
    std::string_view held() const { return {buffer_, size_}; }
    size_t partial_prefix() const;
    void keep(size_t tail) { kept_ = tail; }
    void drop_what_is_done();

    char* buffer_;
    size_t limit_;
    size_t size_ = 0;
    std::optional<size_t> kept_;  // the event last returned is done with; this many bytes at the end are not
    bool discarding_ = false;     // the rest of a piece that was reported as overlong
    bool after_zero_ = false;     // two bytes will tell whether a frame begins
    bool in_frame_ = false;
    Record record_;
};

}  // namespace tinygate
