#include "tinygate/envelope.hpp"

#include <algorithm>

#include "tinygate/text.hpp"

namespace tinygate {
namespace {

constexpr size_t kWorstPart =
    99999;  // a part's number is reckoned this long before the number of parts is known

}  // namespace

Ident::Ident(std::string_view digits) {
    std::copy_n(digits.begin(), std::min(digits.size(), digits_.size()), digits_.begin());
}

Ident Ident::of(uint32_t number) {
    return Ident(Digits::hex32(number).view());
}

void ReplySender::send(const Reply& reply, const std::optional<Answers>& answers, ReplyLog* log) {
    if (!answers || fits(reply, answers, {})) {
        encode(reply, answers, {1, 1, {}});
        return send_line(log);
    }
    const auto size = part_size(reply, *answers);
    if (!size)
        return send(Error(ErrorCode::kInternal, "the reply fits no line, even in parts"), answers, log);
    const size_t length = encode(reply, answers, {1, 1, {}});
    const size_t parts = (length + *size - 1) / *size;
    for (size_t i = 0; i < parts; ++i) {
        encode(reply, answers, {i + 1, parts, {i * *size, *size}});
        send_line(log);
    }
}

// A frame in which the prefix would appear is written as a line: it would look like a record's beginning.
size_t ReplySender::encode(const Reply& reply, const std::optional<Answers>& answers, const Part& part) {
    const bool framed = answers && answers->framed;
    const size_t longest = write(reply, answers, part, framed);
    const bool looks_like_two =
        framed && line_.fits() && line_.line().find(kPrefix) != std::string_view::npos;
    return looks_like_two ? write(reply, answers, part, false) : longest;
}

size_t ReplySender::write(const Reply& reply, const std::optional<Answers>& answers, const Part& part,
                          bool framed) {
    line_ = LineWriter(buffer_.data(), kMaxReplyLineBytes);
    line_.begin_reply(sequence_, boot_id_.view(), reply.kind(), framed);
    if (answers) {
        line_.field("re", Digits::decimal(answers->sequence).view());
        line_.field("nonce", answers->nonce.view());
        line_.field("re_crc32", Digits::hex32(answers->crc32).view());
    }
    if (part.parts > 1) {
        line_.begin_field("part");
        line_.value(Digits::decimal(part.number).view());
        line_.value("/");
        line_.value(Digits::decimal(part.parts).view());
    }
    FieldWriter fields(line_, part.slice);
    reply.write(fields);
    line_.finish();
    return fields.longest_list();
}

bool ReplySender::fits(const Reply& reply, const std::optional<Answers>& answers, Slice slice) {
    encode(reply, answers, {kWorstPart, kWorstPart, slice});
    return line_.fits();
}

// The largest number of elements per part, found by halving, of which every part fits.
std::optional<size_t> ReplySender::part_size(const Reply& reply, const Answers& answers) {
    const size_t length = encode(reply, answers, {1, 1, {}});
    for (size_t size = length; size > 1;) {
        size = (size + 1) / 2;
        bool all_fit = true;
        for (size_t start = 0; start < length && all_fit; start += size)
            all_fit = fits(reply, answers, {start, size});
        if (all_fit) return size;
    }
    return std::nullopt;
}

void ReplySender::send_line(ReplyLog* log) {
    sink_.send(line_.line());
    if (log != nullptr) log->add(line_.line());
    ++sequence_;
}

}  // namespace tinygate
