#include "tinygate/test_set.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <cstring>
#include <limits>

#include "tinygate/lz4.hpp"
#include "tinygate/sha256.hpp"

namespace tinygate {
namespace {

constexpr size_t kHistoryBytes = 65535;
constexpr size_t kValueBytes = 4;

size_t element_bytes(std::string_view dtype) {
    if (dtype == "int8" || dtype == "uint8") return 1;
    if (dtype == "int16") return 2;
    return dtype == "float32" ? kValueBytes : 0;  // of other types nothing is made
}

// Divides and rounds in single precision, halves away from zero, as the host does.
int32_t code_of(float value, const Tensor& tensor, int32_t least, int32_t most) {
    const double code = static_cast<double>(std::round(value / tensor.scale)) + tensor.zero_point;
    if (std::isnan(code)) return std::clamp(tensor.zero_point, least, most);
    return static_cast<int32_t>(std::clamp(code, static_cast<double>(least), static_cast<double>(most)));
}

template <class Code>
void write_codes(const char* values, const Tensor& tensor, char* out) {
    for (size_t i = 0; i < tensor.bytes / sizeof(Code); ++i) {
        float value = 0;
        std::memcpy(&value, values + i * kValueBytes, kValueBytes);
        const auto code = static_cast<Code>(
            code_of(value, tensor, std::numeric_limits<Code>::min(), std::numeric_limits<Code>::max()));
        std::memcpy(out + i * sizeof(Code), &code, sizeof(Code));
    }
}

void write_input(const char* values, const Tensor& tensor, char* out) {
    const std::string_view dtype = tensor.dtype;
    if (dtype == "float32") std::copy_n(values, tensor.bytes, out);
    if (dtype == "int8") write_codes<int8_t>(values, tensor, out);
    if (dtype == "uint8") write_codes<uint8_t>(values, tensor, out);
    if (dtype == "int16") write_codes<int16_t>(values, tensor, out);
}

bool is_of_values(const Tensor& tensor) {
    return std::string_view(tensor.dtype) == "float32" ||
           (element_bytes(tensor.dtype) > 0 && tensor.scale != 0);
}

}  // namespace

std::optional<std::string_view> unpack(std::string_view data, Packing packing, size_t size, char* out,
                                       std::string_view history) {
    if (packing == Packing::kNone) return data.size() == size ? std::optional(data) : std::nullopt;
    const auto unpacked =
        lz4_decode(data, out, size, packing == Packing::kLz4 ? history : std::string_view());
    return unpacked == size ? std::optional(std::string_view(out, size)) : std::nullopt;
}

uint32_t TestSet::capacity() const {
    if (memory_ == nullptr || memory_->size() <= StoreMemory::kSectorBytes) return 0;
    return static_cast<uint32_t>(memory_->size() - StoreMemory::kSectorBytes);
}

TestSet::Header TestSet::header() const {
    Header header;
    std::memcpy(&header, memory_->bytes(), sizeof header);
    return header;
}

std::optional<uint32_t> TestSet::open(const StoreRequest& request, Sentence& problem) {
    if (request.size_bytes == 0 || request.size_bytes > capacity()) {
        problem << "size_bytes=" << request.size_bytes << ": there is room for " << capacity();
        return std::nullopt;
    }
    const Header found = header();
    const bool is_same = std::string_view(found.sha256, sizeof found.sha256) == request.sha256 &&
                         found.size_bytes == request.size_bytes;
    if (is_same) {
        if (found.is_partial == 0) have_ = request.size_bytes;
        if (have_ > 0) return have_;
    }
    Header fresh;
    std::copy_n(request.sha256.begin(), sizeof fresh.sha256, fresh.sha256);
    fresh.size_bytes = request.size_bytes;
    fresh.is_partial = UINT32_MAX;
    have_ = 0;
    erased_ = 0;
    if (memory_->erase(0) && memory_->program(0, {reinterpret_cast<const char*>(&fresh), sizeof fresh}))
        return 0;
    problem << "the memory could not be written";
    return std::nullopt;
}

std::optional<uint32_t> TestSet::keep(const KeepRequest& request, char* room, size_t room_bytes,
                                      Sentence& problem) {
    const Header set = capacity() > 0 ? header() : Header{};
    const bool follows = set.is_partial != 0 && request.offset == have_ && set.size_bytes > have_ &&
                         request.size_bytes <= set.size_bytes - have_ && request.size_bytes <= room_bytes;
    if (!follows || (request.packing == Packing::kPlanes && request.size_bytes % kValueBytes != 0)) {
        problem << "offset=" << request.offset << ", " << request.size_bytes << " bytes: " << have_ << " of "
                << set.size_bytes << " are here";
        return std::nullopt;
    }
    const std::string_view history(values() + have_ - std::min<size_t>(have_, kHistoryBytes),
                                   std::min<size_t>(have_, kHistoryBytes));
    const auto data = unpack(request.data, request.packing, request.size_bytes, room, history);
    if (!data || !erase_up_to(have_ + data->size()) || !append(*data, request.packing)) {
        problem << (data ? "the memory could not be written" : "no block of LZ4 of that size");
        return std::nullopt;
    }
    if (have_ < set.size_bytes) return have_;
    const uint32_t whole = 0;
    if (is_right() &&
        memory_->program(offsetof(Header, is_partial), {reinterpret_cast<const char*>(&whole), sizeof whole}))
        return have_;
    have_ = 0;
    return 0;
}

// Planes are put together again on the way: first all values' first bytes came, then their second ones, …
bool TestSet::append(std::string_view data, Packing packing) {
    std::array<char, 256> piece;
    const size_t count = data.size() / kValueBytes;
    for (size_t start = 0; start < data.size(); start += piece.size()) {
        const size_t size = std::min(piece.size(), data.size() - start);
        for (size_t i = 0; i < size; ++i) {
            const size_t at = start + i;
            piece[i] =
                packing == Packing::kPlanes ? data[at % kValueBytes * count + at / kValueBytes] : data[at];
        }
        if (!memory_->program(StoreMemory::kSectorBytes + have_ + start, {piece.data(), size})) return false;
    }
    have_ += static_cast<uint32_t>(data.size());
    return true;
}

bool TestSet::erase_up_to(size_t end) {
    for (; erased_ < end; erased_ += StoreMemory::kSectorBytes) {
        if (!memory_->erase(1 + erased_ / StoreMemory::kSectorBytes)) return false;
    }
    return true;
}

bool TestSet::is_right() const {
    const Header set = header();
    const Sha256 digest = sha256(reinterpret_cast<const uint8_t*>(values()), set.size_bytes);
    for (size_t i = 0; i < sizeof set.sha256; ++i) {
        if (set.sha256[i] != "0123456789abcdef"[digest[i / 2] >> (i % 2 == 0 ? 4 : 0) & 0xf]) return false;
    }
    return true;
}

bool TestSet::window(uint32_t index, List<Tensor> inputs, char* out) const {
    if (capacity() == 0 || !std::all_of(inputs.begin(), inputs.end(), is_of_values)) return false;
    size_t row_bytes = 0;
    for (const Tensor& tensor : inputs) row_bytes += tensor.bytes / element_bytes(tensor.dtype) * kValueBytes;
    const Header set = header();
    if (set.is_partial != 0 || row_bytes == 0 || index >= set.size_bytes / row_bytes) return false;
    const char* from = values() + index * row_bytes;
    for (const Tensor& tensor : inputs) {
        write_input(from, tensor, out);
        from += tensor.bytes / element_bytes(tensor.dtype) * kValueBytes;
        out += tensor.bytes;
    }
    return true;
}

std::string_view TestSet::raw_windows(uint32_t first, uint32_t count, size_t window_bytes) const {
    if (capacity() == 0) return {};
    const Header set = header();
    const uint64_t end = (uint64_t{first} + count) * window_bytes;
    if (set.is_partial != 0 || end > set.size_bytes) return {};
    return {values() + size_t{first} * window_bytes, size_t{count} * window_bytes};
}

}  // namespace tinygate
