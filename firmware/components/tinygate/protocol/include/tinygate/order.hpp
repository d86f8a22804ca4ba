// What a device has carried out and answered: each request is carried out once, however often it comes. Twin of
// protocol/order.py.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

namespace tinygate {

// Numbers of the requests that were carried out since the hello numbered `opened`.
class Order {
 public:
    static constexpr int32_t kWindow = 32;  // requests under way from the oldest that is not answered on

    explicit Order(uint32_t opened = 0) : next_(opened + 1) {}

    uint32_t next() const { return next_; }
    bool is_done(uint32_t number) const;
    // Whether a request is near enough to be noted, if it may come before those that are missing.
    bool is_within(uint32_t number) const { return distance(number) < kWindow; }
    void take(uint32_t number);

 private:
    int32_t distance(uint32_t number) const { return static_cast<int32_t>(number - next_); }

    uint32_t next_;
    uint32_t ahead_ = 0;  // bit i: next_ + 1 + i was carried out
};

// The newest replies as they were sent: sent again if their request comes again.
class ReplyLog {
 public:
    ReplyLog(char* bytes, size_t capacity) : bytes_(bytes), capacity_(capacity) {}

    // What is added from now on answers this request; one that is too long for the log is not kept.
    void begin(uint32_t number);
    void add(std::string_view line);
    void end();

    std::optional<std::string_view> find(uint32_t number) const;
    void clear() { count_ = 0; }

 private:
    struct Entry {
        uint32_t number = 0;
        size_t start = 0;
        size_t size = 0;
    };

    void make_room(size_t start, size_t size);
    void drop(size_t index);

    char* bytes_;
    size_t capacity_;
    std::array<Entry, 32> entries_{};  // the oldest first
    size_t count_ = 0;
    Entry current_;
    bool fits_ = true;
};

}  // namespace tinygate
