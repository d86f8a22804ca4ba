// Sends replies as numbered lines, in parts when one line is too short. Twin of protocol/envelope.py and
// parts.py.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string_view>

#include "tinygate/framing.hpp"
#include "tinygate/order.hpp"
#include "tinygate/replies.hpp"

namespace tinygate {

// Eight hex digits: a boot id or a nonce.
class Ident {
 public:
    Ident() = default;
    explicit Ident(std::string_view digits);
    static Ident of(uint32_t number);

    std::string_view view() const { return {digits_.data(), digits_.size()}; }
    bool operator==(std::string_view other) const { return view() == other; }

 private:
    std::array<char, 8> digits_{};
};

// The request that a reply answers.
struct Answers {
    uint32_t sequence;
    Ident nonce;
    uint32_t crc32;       // of the request as received: what was carried out
    bool framed = false;  // came as a frame: so does the reply
};

// Where lines and frames go; called with one whole one, or several, at a time.
class LineSink {
 public:
    virtual void send(std::string_view line) = 0;
    // Waits until all was sent, and changes the rate of both directions.
    virtual void set_baud(uint32_t) {}

 protected:
    ~LineSink() = default;
};

class ReplySender {
 public:
    ReplySender(Ident boot_id, LineSink& sink) : boot_id_(boot_id), sink_(sink) {}

    // Without `answers`, the reply was not asked for; what is sent is kept in the log, if there is one.
    void send(const Reply& reply, const std::optional<Answers>& answers, ReplyLog* log = nullptr);

 private:
    struct Part {
        size_t number = 0;
        size_t parts = 1;
        Slice slice;
    };

    // Returns how long the longest list is, whether or not the line fits.
    size_t encode(const Reply& reply, const std::optional<Answers>& answers, const Part& part);
    size_t write(const Reply& reply, const std::optional<Answers>& answers, const Part& part, bool framed);
    bool fits(const Reply& reply, const std::optional<Answers>& answers, Slice slice);
    std::optional<size_t> part_size(const Reply& reply, const Answers& answers);
    void send_line(ReplyLog* log);

    Ident boot_id_;
    LineSink& sink_;
    uint32_t sequence_ = 0;
    std::array<char, kMaxReplyLineBytes + LineWriter::slack(kMaxReplyLineBytes)> buffer_{};
    LineWriter line_{buffer_.data(), 0};
};

}  // namespace tinygate
