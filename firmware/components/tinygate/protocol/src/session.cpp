#include "tinygate/session.hpp"

namespace tinygate {
namespace {

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
    return judge(*event->record);
}

void Session::reject(const Event& event) {
    const auto code = error_code(event.reason);
    if (!code) return;
    ++rejected_;
    Sentence detail;
    detail << name(event.reason) << ": " << event.raw.size() << " bytes were no request";
    announce(Error(*code, detail));
}

std::optional<Incoming> Session::judge(const Record& record) {
    const Answers answers = {record.sequence, Ident(record.ident), record.crc32};
    const auto refuse = [&](const Error& error) {
        sender_.send(error, answers);
        return std::nullopt;
    };
    if (record.kind == kHelloKind) {
        nonce_ = answers.nonce;
    } else if (const auto error = out_of_order(record)) {
        return refuse(*error);
    }
    last_request_ = record.sequence;  // counts even if the request is refused below
    Sentence problem;
    if (!is_request(record.kind)) {
        return refuse(Error(ErrorCode::kUnknownKind, problem << record.kind << " is no request"));
    }
    const auto request = parse_request(record, data_, problem);
    if (!request) return refuse(Error(ErrorCode::kBadRequest, problem));
    return Incoming{*request, answers};
}

std::optional<Error> Session::out_of_order(const Record& record) const {
    Sentence detail;
    if (!nonce_ || !(*nonce_ == record.ident)) {
        detail << "nonce " << record.ident << " opened no session: send hello first";
        return Error(ErrorCode::kWrongNonce, detail);
    }
    if (record.sequence != last_request_ + 1) {  // unsigned: 0 follows 4294967295
        detail << "request " << record.sequence << " came after " << last_request_ << ": send hello first";
        return Error(ErrorCode::kBadSequence, detail);
    }
    return std::nullopt;
}

}  // namespace tinygate
