#include "tinygate/framing.hpp"

#include <algorithm>
#include <cstring>

#include "tinygate/crc32.hpp"
#include "tinygate/text.hpp"

namespace tinygate {
namespace {

constexpr size_t kTailBytes = 10;  // " *" and 8 hex digits
constexpr size_t kMaxKeyBytes = 24;
constexpr size_t kMaxKindBytes = 16;

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
    next_token(rest);
    const std::string_view direction = next_token(rest);
    const auto sequence = parse_decimal(next_token(rest), UINT32_MAX);
    record.direction = direction == "Q" ? Direction::kRequest : Direction::kReply;
    record.sequence = static_cast<uint32_t>(sequence.value_or(0));
    record.ident = next_token(rest);
    record.kind = next_token(rest);
    return (direction == "Q" || direction == "R") && sequence && is_hex(record.ident, 8) &&
           is_identifier(record.kind, kMaxKindBytes);
}

// Parses a body without CRC. Unescaping shortens values where they lie, so the text is no longer whole
// afterwards.
bool parse_body(char* text, size_t size, Record& record) {
    std::string_view rest(text, size);
    record.clear();
    if (!parse_head(rest, record)) return false;
    // A space that ends the body announces a field that is not there.
    for (bool more = text[size - 1] == ' ' || !rest.empty(); more;) {
        more = rest.find(' ') != std::string_view::npos;
        const std::string_view pair = next_token(rest);
        const size_t equals = pair.find('=');
        if (equals == std::string_view::npos || equals + 1 == pair.size()) return false;
        char* value = text + (pair.data() - text) + equals + 1;
        const auto length = unescape(pair.substr(equals + 1), value);
        const std::string_view key = pair.substr(0, equals);
        if (!length || !is_identifier(key, kMaxKeyBytes) || !record.add({key, {value, *length}}))
            return false;
    }
    return true;
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
    if (byte == '\n') {
        const auto event = finish(size_, std::nullopt);
        keep(0);
        return event;
    }
    buffer_[size_++] = byte;
    if (!ends_with(held(), kPrefix)) return bound();
    const auto event = finish(size_ - kPrefix.size(), Reason::kTruncated);
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

// Ends the piece in the first `size` bytes: at a line end, or where the next record begins (`record_fault`).
std::optional<Event> Decoder::finish(size_t size, std::optional<Reason> record_fault) {
    const std::string_view piece(buffer_, size);
    const bool is_record = begins_with(piece, kPrefix);
    const bool rest_of_overlong = discarding_ && !is_record;
    discarding_ = false;
    if (rest_of_overlong) return std::nullopt;
    if (size > limit_) return overlong(size);
    if (is_record) {
        if (record_fault) return Event{Event::Kind::kDamaged, *record_fault, piece, nullptr};
        return parse(without_returns(piece).size());
    }
    const std::string_view text = without_returns(piece);
    if (text.empty()) return std::nullopt;
    return Event{Event::Kind::kText, {}, text, nullptr};
}

// Keeps the unfinished piece within the limit; its last bytes may be the beginning of a prefix.
std::optional<Event> Decoder::bound() {
    const size_t prefix = partial_prefix();
    std::optional<Event> event;
    if (!discarding_ && size_ - prefix > limit_) {
        event = overlong(size_);
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

Event Decoder::overlong(size_t size) const {
    const std::string_view piece(buffer_, size);
    const Reason reason = begins_with(piece, kPrefix) ? Reason::kTooLong : Reason::kLineTooLong;
    return {Event::Kind::kDamaged, reason, piece.substr(0, limit_), nullptr};
}

Event Decoder::parse(size_t size) {
    const std::string_view line(buffer_, size);
    const std::string_view tail = line.substr(size - std::min(size, kTailBytes));
    const auto damaged = [&](Reason reason) { return Event{Event::Kind::kDamaged, reason, line, nullptr}; };
    if (!std::all_of(line.begin(), line.end(), is_printable) || !begins_with(tail, " *") ||
        !is_hex(tail.substr(2), 8)) {
        return damaged(Reason::kBadFrame);
    }
    const std::string_view body = line.substr(0, size - kTailBytes);
    const uint32_t sum = crc32(body);
    if (Digits::hex32(sum).view() != tail.substr(2)) return damaged(Reason::kBadCrc);
    if (!parse_body(buffer_, body.size(), record_)) return damaged(Reason::kBadRecord);
    record_.crc32 = sum;
    return {Event::Kind::kRecord, {}, {}, &record_};
}

}  // namespace tinygate
