#include "tinygate/window_assembly.hpp"

#include <algorithm>

namespace tinygate {

// Offset 0 begins anew; any other must be where the pieces of the same window ended.
bool WindowAssembly::continues(const InferRequest& request) const {
    if (request.offset == 0) return true;
    return request.offset == begun_ && request.first == index_ && request.count == 1;
}

bool WindowAssembly::add(const InferRequest& request, std::string_view& windows, Sentence& problem) {
    const bool lawful = request.count > 0 && continues(request);
    const size_t size = request.offset + request.data.size();
    begun_ = 0;
    windows = {};
    if (!lawful) {
        problem << "count=" << request.count << " offset=" << request.offset
                << ": no window was begun that this continues";
        return false;
    }
    if (request.offset == 0 && size == uint64_t{request.count} * window_bytes_) {
        windows = request.data;
        return true;
    }
    if (request.count != 1 || size > window_bytes_) {
        problem << size << " bytes for " << request.count << " windows of " << window_bytes_;
        return false;
    }
    std::copy(request.data.begin(), request.data.end(), buffer_ + request.offset);
    if (size == window_bytes_) {
        windows = {buffer_, window_bytes_};
    } else {
        begun_ = size;
        index_ = request.first;
    }
    return true;
}

}  // namespace tinygate
