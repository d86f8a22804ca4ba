#include "tinygate/session.hpp"

namespace tinygate {
namespace {

// Whether no other request depends on this one.
bool is_alone(const Request& request) {
    if (const auto* infer = std::get_if<InferRequest>(&request)) return infer->reset == Reset::kAlone;
    const auto* raw = std::get_if<InferRawRequest>(&request);
    return raw != nullptr && raw->windows.reset == Reset::kAlone;
}

// What a damaged piece is answered with; console text, even when it is too long, is not answered.
std::optional<ErrorCode> error_code(Reason reason) {
    switch (reason) {
        case Reason::kTooLong:
            return ErrorCode::kTooLarge;
        case Reason::kBadCrc:
            return ErrorCode::kBadCrc;
        case Reason::kLineTooLong:
            return std::nullopt;
        default:
            return ErrorCode::kBadFrame;
    }
}

}  // namespace

std::optional<Incoming> Session::push(char byte) {
    const auto event = decoder_.push(byte);
    if (!event) return std::nullopt;
    if (event->kind == Event::Kind::kDamaged) reject(*event);
    if (event->kind != Event::Kind::kRecord || event->record->direction == Direction::kReply)
        return std::nullopt;
    return take(*event->record);
}

void Session::reject(const Event& event) {
    const auto code = error_code(event.reason);
    if (!code) return;
    ++rejected_;
    Sentence detail;
    detail << name(event.reason) << ": " << event.raw.size() << " bytes were no request";
    announce(Error(*code, detail));
}

// Each request is carried out once, however often it comes: a repeated one is answered with what was sent
// before.
std::optional<Incoming> Session::take(const Record& record) {
    const Answers answers = {record.sequence, Ident(record.ident), record.crc32, record.framed};
    if (record.kind == kHelloKind) {
        open(record);
    } else if (!nonce_ || !(*nonce_ == record.ident)) {
        Sentence detail;
        detail << "nonce " << record.ident << " opened no session: send hello first";
        sender_.send(Error(ErrorCode::kWrongNonce, detail), answers);
        return std::nullopt;
    } else if (order_.is_done(record.sequence)) {
        answer_again(answers);
        return std::nullopt;
    }
    return judge(record, answers);
}

// A new nonce opens a session; the same one again is a question like any other, which needs no turn.
void Session::open(const Record& record) {
    if (nonce_ && *nonce_ == record.ident && order_.is_within(record.sequence)) return;
    nonce_ = Ident(record.ident);
    order_ = Order(record.sequence);
    log_.clear();
}

void Session::answer_again(const Answers& answers) {
    if (const auto kept = log_.find(answers.sequence)) return sink_.send(*kept);
    Sentence detail;
    detail << "request " << answers.sequence << " was carried out before, and its answer is not kept";
    sender_.send(Error(ErrorCode::kLost, detail), answers);
}

void Session::send_and_keep(const Reply& message, const Answers& answers) {
    log_.begin(answers.sequence);
    sender_.send(message, answers, &log_);
    log_.end();
}

// A request that waits for its turn is refused and not noted; one that is unlawful is, in its turn.
std::optional<Incoming> Session::judge(const Record& record, const Answers& answers) {
    Sentence problem;
    const auto request = parse_request(record, data_, problem);
    const bool is_hello = request && std::holds_alternative<HelloRequest>(*request);
    const bool may_overtake = is_hello || (request && is_alone(*request));
    const bool is_next =
        record.sequence == order_.next() || order_.is_done(record.sequence);  // that is a hello
    if (!is_next && !(may_overtake && order_.is_within(record.sequence))) {
        problem = Sentence();
        problem << "request " << record.sequence << " came before " << order_.next()
                << ": send that one again";
        sender_.send(Error(ErrorCode::kBadSequence, problem), answers);
        return std::nullopt;
    }
    order_.take(record.sequence);
    if (request) return Incoming{*request, answers};
    const bool is_known = is_request(record.kind);
    if (!is_known) problem << record.kind << " is no request";
    send_and_keep(Error(is_known ? ErrorCode::kBadRequest : ErrorCode::kUnknownKind, problem), answers);
    return std::nullopt;
}

}  // namespace tinygate
