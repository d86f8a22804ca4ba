// The device's side of a session: bytes in, lawful requests out, replies numbered. Twin of
// protocol/device.py.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "tinygate/envelope.hpp"
#include "tinygate/framing.hpp"
#include "tinygate/requests.hpp"

namespace tinygate {

// A request that passed every check of the session; its data live until the next byte is pushed.
struct Incoming {
    Request request;
    Answers answers;
};

class Session {
 public:
    // Memory for the longest request line and the data in it.
    struct Buffers {
        char* line;  // rx_line_bytes + Decoder::kSlackBytes
        char* data;  // rx_line_bytes * 3 / 4
        char* log;   // kLogBytes
    };

    // Replies that can be sent again.
    static constexpr size_t kLogBytes = 8192;

    Session(Ident boot_id, size_t rx_line_bytes, Buffers buffers, LineSink& sink)
        : sink_(sink),
          sender_(boot_id, sink),
          decoder_(buffers.line, rx_line_bytes),
          data_(buffers.data),
          log_(buffers.log, kLogBytes) {}

    // Takes a received byte and returns the request that it completes; what is damaged or unlawful is refused
    // here.
    std::optional<Incoming> push(char byte);

    void reply(const Incoming& incoming, const Reply& message) { send_and_keep(message, incoming.answers); }
    void announce(const Reply& message) { sender_.send(message, std::nullopt); }

    bool is_between_records() const { return decoder_.is_in_text(); }

    uint32_t rejected_records() const { return rejected_; }

 private:
    void reject(const Event& event);
    void open(const Record& record);
    void answer_again(const Answers& answers);
    void send_and_keep(const Reply& message, const Answers& answers);
    std::optional<Incoming> take(const Record& record);
    std::optional<Incoming> judge(const Record& record, const Answers& answers);

    LineSink& sink_;
    ReplySender sender_;
    Decoder decoder_;
    char* data_;
    std::optional<Ident> nonce_;
    Order order_;
    ReplyLog log_;
    uint32_t rejected_ = 0;
};

}  // namespace tinygate
