#include "tinygate/framing.hpp"

#include <algorithm>
#include <cstring>

#include "tinygate/cobs.hpp"
#include "tinygate/crc32.hpp"
#include "tinygate/text.hpp"

namespace tinygate {
namespace {

constexpr size_t kTailBytes = 10;  // " *" and 8 hex digits
constexpr size_t kMaxKeyBytes = 24;
constexpr size_t kMaxKindBytes = 16;
constexpr std::string_view kRawKey = "data";

bool begins_with(std::string_view text, std::string_view start) {
    return text.substr(0, start.size()) == start;
}

bool ends_with(std::string_view text, std::string_view end) {
    return text.size() >= end.size() && text.substr(text.size() - end.size()) == end;
}

std::string_view without_returns(std::string_view line) {
    while (!line.empty() && line.back() == '\r') line.remove_suffix(1);
    return line;
}

// Cuts the text up to the next space off `rest`.
std::string_view next_token(std::string_view& rest) {
    const size_t end = std::min(rest.find(' '), rest.size());
    const std::string_view token = rest.substr(0, end);
    rest.remove_prefix(std::min(end + 1, rest.size()));
    return token;
}

bool is_identifier(std::string_view text, size_t max_bytes) {
    const auto lawful = [](char c) { return is_lower(c) || is_digit(c) || c == '_'; };
    return !text.empty() && text.size() <= max_bytes && is_lower(text[0]) &&
           std::all_of(text.begin(), text.end(), lawful);
}

int hex_digit(char c) {
    return is_digit(c) ? c - '0' : c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

// Unescapes `value` into `out`, which may be where `value` lies; returns the length, or nothing if it is
// unlawful.
std::optional<size_t> unescape(std::string_view value, char* out) {
    size_t written = 0;
    for (size_t i = 0; i < value.size(); ++i) {
        char byte = value[i];
        if (byte == '@') return std::nullopt;
        if (byte == '%') {
            if (i + 2 >= value.size()) return std::nullopt;
            const int high = hex_digit(value[i + 1]);
            const int low = hex_digit(value[i + 2]);
            if (high < 0 || low < 0 || high + low == 0) return std::nullopt;
            byte = static_cast<char>(high << 4 | low);
            i += 2;
        }
        out[written++] = byte;
    }
    return is_utf8({out, written}) ? std::optional(written) : std::nullopt;
}

bool parse_head(std::string_view& rest, Record& record) {
    const std::string_view direction = next_token(rest);
    const auto sequence = parse_decimal(next_token(rest), UINT32_MAX);
    record.direction = direction == "Q" ? Direction::kRequest : Direction::kReply;
    record.sequence = static_cast<uint32_t>(sequence.value_or(0));
    record.ident = next_token(rest);
    record.kind = next_token(rest);
    return (direction == "Q" || direction == "R") && sequence && is_hex(record.ident, 8) &&
           is_identifier(record.kind, kMaxKindBytes);
}

// Parses a body without prefix and CRC: fields, and in a frame perhaps a LF and data. Unescaping shortens
// values where they lie, so the text is no longer whole afterwards.
bool parse_body(char* text, size_t whole_size, Record& record) {
    const std::string_view whole(text, whole_size);
    const size_t size = std::min(whole.find('\n'), whole_size);
    std::string_view rest(text, size);
    record.clear();
    if (!std::all_of(rest.begin(), rest.end(), is_printable) || !parse_head(rest, record)) return false;
    // A space that ends the body announces a field that is not there.
    for (bool more = text[size - 1] == ' ' || !rest.empty(); more;) {
        more = rest.find(' ') != std::string_view::npos;
        const std::string_view pair = next_token(rest);
        const size_t equals = pair.find('=');
        if (equals == std::string_view::npos || equals + 1 == pair.size()) return false;
        char* value = text + (pair.data() - text) + equals + 1;
        const auto length = unescape(pair.substr(equals + 1), value);
        const std::string_view key = pair.substr(0, equals);
        if (!length || !is_identifier(key, kMaxKeyBytes) || !record.add({key, {value, *length}, false}))
            return false;
    }
    const bool has_data = size < whole_size;
    return !has_data || (size + 1 < whole_size && record.add({kRawKey, whole.substr(size + 1), true}));
}

}  // namespace

const char* name(Reason reason) {
    switch (reason) {
        case Reason::kTruncated:
            return "truncated";
        case Reason::kTooLong:
            return "too_long";
        case Reason::kLineTooLong:
            return "line_too_long";
        case Reason::kBadFrame:
            return "bad_frame";
        case Reason::kBadCrc:
            return "bad_crc";
        case Reason::kBadRecord:
            return "bad_record";
    }
    return "bad_frame";
}

bool Record::add(Field field) {
    const auto same_key = [&](const Field& other) { return other.key == field.key; };
    const auto used = fields_.begin() + size_;
    if (size_ == kMaxFields || std::any_of(fields_.begin(), used, same_key)) return false;
    fields_[size_++] = field;
    return true;
}

std::optional<Event> Decoder::push(char byte) {
    drop_what_is_done();
    if (byte == '\0' || (byte == '\n' && !in_frame_)) {
        const auto event = finish(size_, byte == '\0' ? End::kAtZero : End::kAtLine);
        keep(0);
        return event;
    }
    buffer_[size_++] = byte;
    if (after_zero_ && size_ == 2) {
        after_zero_ = false;
        in_frame_ = byte == kMark;
    }
    if (!ends_with(held(), kPrefix)) return bound();
    const auto event = finish(size_ - kPrefix.size(), End::kAtPrefix);
    keep(kPrefix.size());
    return event;
}

// Moves the bytes that were kept to the front, now that nobody looks at those before them.
void Decoder::drop_what_is_done() {
    if (!kept_) return;
    std::memmove(buffer_, buffer_ + size_ - *kept_, *kept_);
    size_ = *kept_;
    kept_.reset();
}

// Ends the piece in the first `size` bytes: at a line's end, at a 0x00, or where the next record begins.
std::optional<Event> Decoder::finish(size_t size, End end) {
    const std::string_view piece(buffer_, size);
    const bool is_line = begins_with(piece, kPrefix);
    const bool is_frame = in_frame_;
    const bool rest_of_overlong = discarding_ && !is_line;
    discarding_ = in_frame_ = false;
    after_zero_ = end == End::kAtZero;
    if (rest_of_overlong) return std::nullopt;
    if (size > limit_) return overlong(size, is_line || is_frame);
    if ((is_frame && end != End::kAtZero) || (is_line && !is_frame && end != End::kAtLine)) {
        return Event{Event::Kind::kDamaged, Reason::kTruncated, piece, nullptr};
    }
    if (is_frame) return parse_frame(size);
    const std::string_view text = without_returns(piece);
    if (is_line) return parse_line(text.size());
    if (text.empty()) return std::nullopt;
    return Event{Event::Kind::kText, {}, text, nullptr};
}

// Keeps the unfinished piece within the limit; its last bytes may be the beginning of a prefix.
std::optional<Event> Decoder::bound() {
    const size_t prefix = partial_prefix();
    std::optional<Event> event;
    if (!discarding_ && size_ - prefix > limit_) {
        event = overlong(size_, in_frame_ || begins_with(held(), kPrefix));
        discarding_ = true;
    }
    if (discarding_) keep(prefix);
    return event;
}

size_t Decoder::partial_prefix() const {
    for (size_t size = std::min(size_, kPrefix.size() - 1); size > 0; --size) {
        if (ends_with(held(), kPrefix.substr(0, size))) return size;
    }
    return 0;
}

Event Decoder::overlong(size_t size, bool is_record) const {
    const Reason reason = is_record ? Reason::kTooLong : Reason::kLineTooLong;
    return {Event::Kind::kDamaged, reason, std::string_view(buffer_, size).substr(0, limit_), nullptr};
}

Event Decoder::parse_line(size_t size) {
    const std::string_view line(buffer_, size);
    if (!std::all_of(line.begin(), line.end(), is_printable))
        return {Event::Kind::kDamaged, Reason::kBadFrame, line, nullptr};
    return check(line, size, kPrefix.size(), false);
}

Event Decoder::parse_frame(size_t size) {
    const std::string_view piece(buffer_, size);
    const auto body = cobs_decode(buffer_, size);
    if (!body) return {Event::Kind::kDamaged, Reason::kBadFrame, piece, nullptr};
    return check(piece, *body, 1, true);
}

// The record in the first `size` bytes, from `start` on; `piece` is what is told of it if it is none.
Event Decoder::check(std::string_view piece, size_t size, size_t start, bool framed) {
    const std::string_view whole(buffer_, size);
    const std::string_view tail = whole.substr(size - std::min(size, kTailBytes));
    const auto damaged = [&](Reason reason) { return Event{Event::Kind::kDamaged, reason, piece, nullptr}; };
    if (!begins_with(tail, " *") || !is_hex(tail.substr(2), 8)) return damaged(Reason::kBadFrame);
    const std::string_view sealed = whole.substr(0, size - kTailBytes);
    const uint32_t sum = crc32(sealed);
    if (Digits::hex32(sum).view() != tail.substr(2)) return damaged(Reason::kBadCrc);
    const size_t body = sealed.size() - std::min(start, sealed.size());
    if (!parse_body(buffer_ + start, body, record_)) return damaged(Reason::kBadRecord);
    record_.crc32 = sum;
    record_.framed = framed;
    return {Event::Kind::kRecord, {}, {}, &record_};
}

}  // namespace tinygate
