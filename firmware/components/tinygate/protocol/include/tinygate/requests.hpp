// Every request, parsed strictly from the fields of a record. Twin of the requests in protocol/messages.py.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>
#include <variant>

#include "tinygate/framing.hpp"
#include "tinygate/text.hpp"

namespace tinygate {

struct HelloRequest {};

struct BenchRequest {
    uint32_t warmup;
    uint32_t invocations;
    bool is_application_running;
};

struct ArenaRequest {};

// Before which windows of a request the model's state is reset.
// Alone is each, and no other request depends on it: it may
// overtake one that was lost.
enum class Reset { kNever, kFirst, kEach, kAlone };

// How data were made shorter.
enum class Packing { kNone, kLz4, kPlanes };

struct InferRequest {
    uint32_t first;
    uint32_t count;
    uint32_t offset;
    std::string_view data;  // raw little-endian input tensors: all of a window, then all of the
                            // next; none for kept windows
    Reset reset;
    Packing packing;
};

// Windows as the sensor gives them; the fields of infer as there.
struct InferRawRequest {
    InferRequest windows;
    uint32_t settings;      // of every window in it, bit 0 first
    bool inputs_wanted;     // what the model was given is answered itself, and not its CRC-32
};

struct ProfileRequest {};
struct HealthRequest {};
struct LayoutRequest {};

struct RestartRequest {
    std::optional<uint32_t> arena_bytes;
};

struct StoreRequest {
    std::string_view sha256;  // 64 hex digits
    uint32_t size_bytes;
};

struct KeepRequest {
    uint32_t offset;
    uint32_t size_bytes;  // unpacked
    std::string_view data;
    Packing packing;
};

struct LoopbackRequest {
    std::string_view data;
};

struct RateRequest {
    uint32_t baud;
};

using Request = std::variant<HelloRequest, BenchRequest, ArenaRequest, InferRequest, InferRawRequest,
                             ProfileRequest, HealthRequest, LayoutRequest, RestartRequest, LoopbackRequest,
                             RateRequest, StoreRequest, KeepRequest>;

constexpr std::string_view kHelloKind = "hello";

bool is_request(std::string_view kind);

// Parses a record whose kind is a request's. Data are decoded into `data`, which holds 3/4 of a line and must
// outlive the request. Without a result, `problem` says why.
std::optional<Request> parse_request(const Record& record, char* data, Sentence& problem);

}  // namespace tinygate
