#include "tinygate/requests.hpp"

#include <algorithm>
#include <iterator>

#include "tinygate/base64.hpp"

namespace tinygate {
namespace {

constexpr size_t kShownCharacters = 40;

// Takes fields out of a record one by one, in the order of the request's table, and notes the first problem.
class FieldReader {
 public:
    FieldReader(const Record& record, char* data, Sentence& problem)
        : record_(record), data_(data), problem_(problem) {}

    uint32_t number(std::string_view key) {
        const auto text = take(key);
        if (!text) missing(key);
        return text ? parse_number(key, *text) : 0;
    }

    std::optional<uint32_t> optional_number(std::string_view key) {
        const auto text = take(key);
        return text ? std::optional(parse_number(key, *text)) : std::nullopt;
    }

    std::string_view data(std::string_view key) {
        const Field* field = find(key);
        if (field != nullptr && field->raw) {
            taken_ |= bit(*field);
            return field->value;
        }
        const auto text = take(key);
        if (!text) missing(key);
        const auto size = text ? base64_decode(*text, data_) : 0;
        if (!size) malformed(key, *text, "expected base64 (RFC 4648, padded)");
        return {data_, size.value_or(0)};
    }

    std::string_view optional_data(std::string_view key) {
        return find(key) != nullptr ? data(key) : std::string_view();
    }

    std::string_view sha256(std::string_view key) {
        const auto text = take(key);
        if (!text) missing(key);
        if (text && !is_hex(*text, 64)) malformed(key, *text, "expected 64 hex digits");
        return text.value_or("");
    }

    Packing optional_packing(std::string_view key) {
        const auto text = take(key);
        if (!text) return Packing::kNone;
        if (*text == "lz4") return Packing::kLz4;
        if (*text == "planes") return Packing::kPlanes;
        malformed(key, *text, "expected lz4 or planes");
        return Packing::kNone;
    }

    Reset optional_reset(std::string_view key) {
        const auto text = take(key);
        if (!text) return Reset::kNever;
        if (*text == "first") return Reset::kFirst;
        if (*text == "each") return Reset::kEach;
        if (*text == "alone") return Reset::kAlone;
        malformed(key, *text, "expected first, each or alone");
        return Reset::kNever;
    }

    // Whether a field is there that has one word to say, if any.
    bool optional_word(std::string_view key, std::string_view word) {
        const auto text = take(key);
        if (text && *text != word) malformed(key, *text, word == "yes" ? "expected yes" : "expected running");
        return text.has_value();
    }

    // Whether all is well, and no field is left but extensions.
    bool done() {
        for (const Field& field : record_.fields()) {
            const bool is_extension = field.key.substr(0, 2) == "x_";
            if (!is_extension && !was_taken(field)) report() << "unknown field " << field.key;
        }
        return !failed_;
    }

 private:
    const Field* find(std::string_view key) const {
        for (const Field& field : record_.fields()) {
            if (field.key == key) return &field;
        }
        return nullptr;
    }

    std::optional<std::string_view> take(std::string_view key) {
        const Field* field = find(key);
        if (field == nullptr) return std::nullopt;
        taken_ |= bit(*field);
        return field->value;
    }

    uint32_t parse_number(std::string_view key, std::string_view text) {
        const auto value = parse_decimal(text, UINT32_MAX);
        if (!value) malformed(key, text, "expected a decimal integer from 0 to 4294967295");
        return static_cast<uint32_t>(value.value_or(0));
    }

    void missing(std::string_view key) { report() << "field " << key << " is missing"; }

    void malformed(std::string_view key, std::string_view text, const char* expected) {
        report() << key << "=" << first_characters(text, kShownCharacters) << ": " << expected;
    }

    // Where the first problem is written; later ones are dropped.
    Sentence& report() {
        Sentence& target = failed_ ? ignored_ : problem_;
        failed_ = true;
        target = Sentence(record_.kind);
        return target << ": ";
    }

    uint64_t bit(const Field& field) const { return uint64_t{1} << (&field - record_.fields().data); }
    bool was_taken(const Field& field) const { return (taken_ & bit(field)) != 0; }

    static_assert(kMaxFields <= 64, "one bit per field");

    const Record& record_;
    char* data_;
    Sentence& problem_;
    Sentence ignored_;
    uint64_t taken_ = 0;
    bool failed_ = false;
};

// Members are listed in braces, so that they are read in the order of the request's table.
Request read_hello(FieldReader&) {
    return HelloRequest{};
}
Request read_bench(FieldReader& in) {
    return BenchRequest{in.number("warmup"), in.number("invocations"), in.optional_word("application", "running")};
}
Request read_arena(FieldReader&) {
    return ArenaRequest{};
}
InferRequest read_windows(FieldReader& in) {
    return InferRequest{in.number("first"),       in.number("count"),         in.number("offset"),
                        in.optional_data("data"), in.optional_reset("reset"), in.optional_packing("packing")};
}
Request read_infer(FieldReader& in) {
    return read_windows(in);
}
Request read_infer_raw(FieldReader& in) {
    return InferRawRequest{read_windows(in), in.optional_number("settings").value_or(0),
                           in.optional_word("inputs", "yes")};
}
Request read_profile(FieldReader&) {
    return ProfileRequest{};
}
Request read_health(FieldReader&) {
    return HealthRequest{};
}
Request read_layout(FieldReader&) {
    return LayoutRequest{};
}
Request read_restart(FieldReader& in) {
    return RestartRequest{in.optional_number("arena_bytes")};
}

Request read_loopback(FieldReader& in) {
    return LoopbackRequest{in.data("data")};
}
Request read_rate(FieldReader& in) {
    return RateRequest{in.number("baud")};
}

Request read_store(FieldReader& in) {
    return StoreRequest{in.sha256("sha256"), in.number("size_bytes")};
}
Request read_keep(FieldReader& in) {
    return KeepRequest{in.number("offset"), in.number("size_bytes"), in.data("data"),
                       in.optional_packing("packing")};
}

struct Kind {
    std::string_view name;
    Request (*read)(FieldReader&);
};

constexpr Kind kKinds[] = {
    {kHelloKind, read_hello},    {"bench", read_bench},         {"arena", read_arena},
    {"infer", read_infer},       {"infer_raw", read_infer_raw}, {"profile", read_profile},
    {"health", read_health},     {"layout", read_layout},       {"restart", read_restart},
    {"loopback", read_loopback}, {"rate", read_rate},           {"store", read_store},
    {"keep", read_keep},
};

const Kind* find_kind(std::string_view name) {
    const auto found =
        std::find_if(std::begin(kKinds), std::end(kKinds), [&](const Kind& k) { return k.name == name; });
    return found == std::end(kKinds) ? nullptr : found;
}

}  // namespace

bool is_request(std::string_view kind) {
    return find_kind(kind) != nullptr;
}

std::optional<Request> parse_request(const Record& record, char* data, Sentence& problem) {
    const Kind* kind = find_kind(record.kind);
    if (kind == nullptr) return std::nullopt;
    FieldReader in(record, data, problem);
    const Request request = kind->read(in);
    return in.done() ? std::optional(request) : std::nullopt;
}

}  // namespace tinygate
